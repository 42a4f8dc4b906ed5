// Opens a watch page in headless Chromium, waits until it says STATE, and prints, as one JSON object, what it
// played in the SECONDS after that.
// usage: node page_state.mjs WEB_FOLDER URL STATE SECONDS
import { createRequire } from 'node:module';
import path from 'node:path';

const [webFolder, url, state, seconds] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(webFolder), 'package.json'));
const { chromium } = require('playwright-core');

const STATE_LIMIT_MS = 20_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const look = () => {
  const video = document.querySelector('video');
  return {
    state: window.sluice?.state,
    detail: window.sluice?.detail,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
    time: video.currentTime,
    width: video.videoWidth,
  };
};

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const consoleErrors = [];
  page.on('console', (message) => {
    if (message.type() === 'error') consoleErrors.push(message.text());
  });
  page.on('pageerror', (error) => consoleErrors.push(String(error)));
  await page.goto(url, { waitUntil: 'domcontentloaded' });
  // The page's security policy forbids what Playwright's own waiting would do in it.
  const begun = Date.now();
  let before = await page.evaluate(look);
  while (before.state !== state) {
    if (Date.now() - begun > STATE_LIMIT_MS) {
      const seen = JSON.stringify(before);
      throw new Error(`not "${state}" within ${STATE_LIMIT_MS} ms: ${seen}; console: ${consoleErrors.join('; ')}`);
    }
    await pause(50);
    before = await page.evaluate(look);
  }
  await pause(Number(seconds) * 1000);
  const after = await page.evaluate(look);
  console.log(
    JSON.stringify({
      state: after.state,
      detail: after.detail,
      frames: after.frames - before.frames,
      seconds: after.time - before.time,
      width: after.width,
      console_errors: consoleErrors,
    }),
  );
} finally {
  await browser.close();
}
