// A watch page in headless Chromium, for the scripts beside this file. Playwright is of the folder of the pages.
import { createRequire } from 'node:module';
import path from 'node:path';

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens `url`, does `body(page)`, and prints what that returns and the console's errors as one JSON object.
    `prepare(page)` comes before the page is opened. */
export async function onPage(webFolder, url, body, prepare = () => {}) {
  const require = createRequire(path.join(path.resolve(webFolder), 'package.json'));
  const { chromium } = require('playwright-core');
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    page.errors = [];
    page.on('console', (message) => {
      if (message.type() === 'error') page.errors.push(message.text());
    });
    page.on('pageerror', (error) => page.errors.push(String(error)));
    prepare(page);
    await page.goto(url, { waitUntil: 'domcontentloaded' });
    const seen = await body(page);
    console.log(JSON.stringify({ ...seen, console_errors: page.errors }));
  } finally {
    await browser.close();
  }
}

/** What the page says and plays at this moment. */
export const look = (page) => page.evaluate(() => {
  const video = document.querySelector('video');
  return {
    at: Date.now(),
    host: window.location.host,
    state: window.sluice?.state,
    detail: window.sluice?.detail,
    reconnects: window.sluice?.stats.reconnects,
    epoch: window.sluice?.stats.epoch,
    buffer: window.sluice?.stats.buffer_s,
    frames: video?.getVideoPlaybackQuality().totalVideoFrames,
    time: video?.currentTime,
    width: video?.videoWidth,
  };
});

/** Waits until the page says `state`; returns what it showed then. (The page's security policy forbids what
    Playwright's own waiting would do in it.) */
export async function waitState(page, state, limitMs) {
  const begun = Date.now();
  for (;;) {
    const seen = await look(page);
    if (seen.state === state) return seen;
    if (Date.now() - begun > limitMs) {
      throw new Error(`not "${state}" within ${limitMs} ms: ${JSON.stringify(seen)}; console: ${page.errors.join('; ')}`);
    }
    await pause(50);
  }
}
