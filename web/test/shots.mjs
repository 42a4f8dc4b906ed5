// Takes a picture of each state of the pages, 1280 and 390 px wide, into the folder given: for looking at.
//   node test/shots.mjs FOLDER

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch, openPage, until, waitState } from './browser.mjs';
import { makeClip } from './clip.mjs';
import { MockNode, MockStream } from './mock-node.mjs';

const folder = process.argv[2];
if (!folder) throw new Error('give the folder for the pictures');
mkdirSync(folder, { recursive: true });
const clip = makeClip();
const browser = await launch();

const SHOTS = {
  'list-empty': { path: '', ready: (page) => page.getByText('Nothing is live').waitFor() },
  list: {
    path: '',
    set(node) {
      node.add(new MockStream('live/room1', clip));
      node.add(new MockStream('live/a-room-with-a-name-that-goes-on-for-quite-a-while', clip, { audio: 'Opus', video: 'av01' }));
      node.add(new MockStream('live/concert/stage-2', clip)).pause();
      node.add(new MockStream('radio/night', clip, { video: null }));
      node.directory = 'stale';
    },
    ready: (page) => page.getByText('radio/night').waitFor(),
  },
  starting: { set: (node) => node.add(new MockStream('live/room1', clip, { refuse: true })), ready: (page) => until(page, () => window.sluice.stats.reconnects > 0) },
  live: { set: (node) => node.add(new MockStream('live/room1', clip)), ready: (page) => steady(page) },
  paused: {
    set: (node) => node.add(new MockStream('live/room1', clip)),
    async ready(page, node) {
      await steady(page);
      node.streams.get('live/room1').pause();
      await waitState(page, 'paused');
      await until(page, () => window.sluice.stats.buffer_s < 0.1);
    },
  },
  'not-live': { ready: (page) => waitState(page, 'not live') },
  'not-found': { path: 'watch/nonsense', ready: (page) => waitState(page, 'not found') },
  'cannot-decode': { set: (node) => node.add(new MockStream('live/room1', clip, { video: 'hvc1' })), ready: (page) => waitState(page, 'cannot decode') },
  unreachable: { set: (node) => { node.broken = 503; }, ready: (page) => waitState(page, 'edge unreachable') },
};

async function steady(page) {
  await waitState(page, 'live');
  await until(page, () => window.sluice.stats.bitrate_bps !== null && window.sluice.stats.total_video_frames > 60);
  await page.waitForTimeout(600);
}

for (const [name, shot] of Object.entries(SHOTS)) {
  for (const [width, height] of [[1280, 800], [390, 844]]) {
    const node = await new MockNode().start();
    shot.set?.(node);
    const page = await openPage(browser, node.url + (shot.path ?? 'watch/live/room1'), { width, height });
    await shot.ready(page, node);
    await page.waitForTimeout(300);
    await page.screenshot({ path: join(folder, `${name}-${width}.png`), fullPage: true });
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    console.log(name, width, wide > 0 ? `OVERFLOWS by ${wide} px` : 'fits');
    await page.context().close();
    await node.stop();
  }
}
await browser.close();
