// Chromium for the tests: pages that note console errors and every host they ask.

import { chromium } from 'playwright-core';

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--autoplay-policy=no-user-gesture-required'];

export function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: FLAGS });
}

/** A page with `errors` (console errors and exceptions) and `hosts` (all it asked). */
export async function openPage(browser, url, { width = 1280, height = 800, init } = {}) {
  const context = await browser.newContext({ viewport: { width, height } });
  const page = await context.newPage();
  page.errors = [];
  page.hosts = new Set();
  page.on('console', (message) => { if (message.type() === 'error') page.errors.push(message.text()); });
  page.on('pageerror', (error) => page.errors.push(String(error)));
  page.on('request', (request) => noteHost(page, request.url()));
  page.on('websocket', (socket) => noteHost(page, socket.url()));
  if (init) await page.addInitScript(init);
  await page.goto(url);
  return page;
}

function noteHost(page, url) {
  if (!/^(blob|data):/.test(url)) page.hosts.add(new URL(url).host);
}

/** Waits until `seen(argument)` is true in the page. (page.waitForFunction needs eval, which the policy forbids.) */
export async function until(page, seen, argument, timeout = 8000) {
  for (const end = Date.now() + timeout; ;) {
    if (await page.evaluate(seen, argument).catch(() => false)) return;
    if (Date.now() > end) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const now = await page.evaluate(() => JSON.stringify(window.sluice)).catch(() => '?');
  throw new Error(`not within ${timeout} ms: ${seen} (${argument}); the page is at ${now}; ${page.errors}`);
}

/** Waits until the page shows this state, in the element and in `window.sluice` alike. */
export function waitState(page, state, timeout) {
  return until(page, (wanted) => window.sluice?.state === wanted
    && document.querySelector('[data-testid=state]').textContent === wanted, state, timeout);
}

export function detail(page) {
  return page.locator('[data-testid=detail]').textContent();
}

export function stats(page) {
  return page.evaluate(() => window.sluice.stats);
}
