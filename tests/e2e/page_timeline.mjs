// Opens a watch page in headless Chromium, says "live" in a line once it plays, looks at it five times a second
// for SECONDS, and prints all it saw as one JSON object.
// usage: node page_timeline.mjs WEB_FOLDER URL SECONDS
import { createRequire } from 'node:module';
import path from 'node:path';

const [webFolder, url, seconds] = process.argv.slice(2);
const require = createRequire(path.join(path.resolve(webFolder), 'package.json'));
const { chromium } = require('playwright-core');

const START_LIMIT_MS = 30_000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const look = () => {
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
  const begun = Date.now();
  for (let seen = {}; seen.state !== 'live'; seen = await page.evaluate(look)) {
    if (Date.now() - begun > START_LIMIT_MS) {
      throw new Error(`not live within ${START_LIMIT_MS} ms: ${JSON.stringify(seen)}; ${consoleErrors.join('; ')}`);
    }
    await pause(50);
  }
  console.log('live');
  const samples = [];
  for (const end = Date.now() + Number(seconds) * 1000; Date.now() < end; await pause(200)) {
    // A page that is on its way to another address cannot be asked.
    const seen = await page.evaluate(look).catch(() => null);
    if (seen) samples.push(seen);
  }
  console.log(JSON.stringify({ samples, console_errors: consoleErrors }));
} finally {
  await browser.close();
}
