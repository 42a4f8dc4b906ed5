// Opens a watch page in headless Chromium and prints, as one JSON object, what it saw.
// usage: node watch_page.mjs WEB_FOLDER URL SECONDS
import { onPage, pause } from './page.mjs';

const [webFolder, url, seconds] = process.argv.slice(2);
const START_LIMIT_MS = 20_000;
const SAMPLE_DISTANCE_MS = 2_000;

// The pixels of the upper left part, where the clock is burned in.
const sampleClock = (video) => {
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth / 2;
  canvas.height = video.videoHeight / 4;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  const pixels = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let hash = 0;
  for (const value of pixels) hash = (Math.imul(hash, 31) + value) | 0;
  return hash;
};

const readState = (video) => ({
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  buffer: video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : 0,
});

const otherHosts = [];

const note = (address) => {
  const { protocol, host } = new URL(address);
  if (!['data:', 'blob:'].includes(protocol) && host !== new URL(url).host) otherHosts.push(address);
};

const noteHosts = (page) => {
  page.on('request', (request) => note(request.url()));
  page.on('websocket', (socket) => note(socket.url()));
};

const watch = async (page) => {
  const video = page.locator('video').first();
  await video.waitFor({ state: 'attached', timeout: START_LIMIT_MS });
  const begun = Date.now();
  while (!(await video.evaluate((v) => v.videoWidth > 0 && !v.paused && v.currentTime > 0))) {
    if (Date.now() - begun > START_LIMIT_MS) {
      throw new Error(`no moving picture within ${START_LIMIT_MS} ms; the page says: ${await page.innerText('body')}`);
    }
    await pause(50);
  }
  const startMs = Date.now() - begun;

  const before = await video.evaluate(readState);
  const firstSample = await video.evaluate(sampleClock);
  await pause(SAMPLE_DISTANCE_MS);
  const secondSample = await video.evaluate(sampleClock);
  await pause(Number(seconds) * 1000 - SAMPLE_DISTANCE_MS);
  const after = await video.evaluate(readState);
  return {
    start_ms: startMs,
    frames: after.frames - before.frames,
    clock_moved: firstSample !== secondSample,
    buffer_seconds: after.buffer,
    other_hosts: otherHosts,
  };
};

await onPage(webFolder, url, watch, noteHosts);
