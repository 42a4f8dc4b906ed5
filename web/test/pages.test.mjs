import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { detail, launch, openPage, stats, until, waitState } from './browser.mjs';
import { CLIP, makeClip } from './clip.mjs';
import { MockNode, MockStream } from './mock-node.mjs';

const KEY = 'live/room1';
const WATCH = `watch/${KEY}`;
const LIMIT = { timeout: 25_000 };
// What Chromium itself writes when a request or a handshake fails; a page cannot prevent it.
const BROWSERS_OWN = /Failed to load resource|WebSocket connection to .* failed/;

let browser;
let clip;

before(async () => {
  clip = makeClip();
  browser = await launch();
});
after(() => browser?.close());

/** A test with a node of its own; whatever page it opened must have been quiet and have asked that node alone. */
function onNode(name, options, body) {
  test(name, LIMIT, async (t) => {
    const node = await new MockNode(options).start();
    const pages = [];
    t.after(async () => {
      await Promise.all(pages.map((page) => page.context().close()));
      await node.stop();
    });
    const open = async (path = WATCH) => {
      pages.push(await openPage(browser, node.url + path, { init: options.init }));
      return pages.at(-1);
    };
    await body(node, open);
    for (const page of pages) {
      assert.deepEqual(page.errors.filter((text) => !BROWSERS_OWN.test(text)), []);
      for (const host of page.hosts) assert.match(host, /^127\.0\.0\.1:/);
      if (!page.mayLeave) assert.deepEqual([...page.hosts], [`127.0.0.1:${node.port}`]);
    }
  });
}

/** As `onNode`, beside another edge that serves the stream too and that the node names; the page may go there. */
function besideOther(name, body) {
  onNode(name, {}, async (node, open) => {
    const other = await new MockNode({ id: 'edge-2' }).start();
    try {
      other.add(new MockStream(KEY, clip));
      node.edges = [{ id: other.id, url: other.url }];
      await body(node, other, async () => Object.assign(await open(), { mayLeave: true }));
    } finally {
      await other.stop();
    }
  });
}

const live = (node, changes) => node.add(new MockStream(KEY, clip, changes));
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A preface whose AVC configuration claims a picture parameter set that is not there. */
function withoutPicture(preface) {
  const copy = Buffer.from(preface);
  for (let at = 13; at + 15 <= copy.length; at += 15 + copy.readUIntBE(at + 1, 3)) {
    if (copy[at] === 9) copy.fill(0xff, at + 11 + 5 + 5, at + 11 + copy.readUIntBE(at + 1, 3));
  }
  return copy;
}

/** Runs in the page before its scripts: as browsers do that want a gesture even for a silent picture. */
function refuseAutoplay() {
  const play = HTMLMediaElement.prototype.play;
  let touched = false;
  addEventListener('click', () => { touched = true; }, true);
  HTMLMediaElement.prototype.play = function refusing() {
    if (touched) return play.call(this);
    this.autoplay = false;
    this.pause();
    return Promise.reject(new DOMException('a gesture first', 'NotAllowedError'));
  };
}

/** What is true of one moment: the frame number on the screen, the page's numbers, and the time. */
function look(page) {
  return page.evaluate((picture) => {
    const video = document.querySelector('video');
    const canvas = Object.assign(document.createElement('canvas'), { width: picture.width, height: picture.height });
    const context = canvas.getContext('2d');
    context.drawImage(video, 0, 0, picture.width, picture.height);
    let frame = 0;
    for (let bit = 0; bit < picture.bits; bit += 1) {
      const x = (bit + 0.5) * (picture.width / picture.bits);
      if (context.getImageData(x, picture.height / 2, 1, 1).data[0] > 128) frame |= 1 << bit;
    }
    return { frame, stats: window.sluice.stats, now: Date.now() };
  }, CLIP);
}

describe('in a browser', { concurrency: 3 }, () => {
  onNode('a live stream plays: the picture moves, the buffer is short, the console silent', {}, async (node, open) => {
    live(node);
    const page = await open();
    await waitState(page, 'live');
    const first = await stats(page);
    await sleep(4000);
    const second = await stats(page);
    assert.ok(second.total_video_frames - first.total_video_frames >= 0.8 * 4 * CLIP.fps, JSON.stringify([first, second]));
    assert.ok(second.buffer_s > 0.2 && second.buffer_s <= 3, `buffer ${second.buffer_s}`);
    assert.deepEqual(page.errors, []);
    assert.deepEqual(second.path, ['origin-1', 'relay-2', 'edge-1']);
    assert.deepEqual(await page.locator('[data-testid=path] li').allTextContents(), second.path);
    assert.equal(await page.locator('[data-testid=resolution]').textContent(), '384 × 216');
    assert.equal(await page.locator('[data-testid=codecs]').textContent(), 'H.264 + AAC');
    assert.match(await page.locator('[data-testid=bitrate]').textContent(), /^\d+ kbit\/s$/);
    assert.equal(await page.evaluate(() => document.querySelector('video').muted), true);
    await page.getByRole('button', { name: 'Unmute' }).click();
    assert.equal(await page.evaluate(() => document.querySelector('video').muted), false);
  });

  onNode('the age is that of the frame on the screen, whatever the delay and the clocks', {}, async (node, open) => {
    const stream = live(node, { delay: 600, skew: 3_600_000 });
    const page = await open();
    await waitState(page, 'live');
    await until(page, () => window.sluice.stats.age_ms !== null);
    await sleep(1500);
    const errors = [];
    for (let turn = 0; turn < 12; turn += 1) {
      const { frame, stats: seen, now } = await look(page);
      const tags = stream.log.filter((tag) => tag.video && tag.frame === frame);
      assert.equal(tags.length, 1, `frame ${frame}`);
      assert.ok(seen.age_ms > 600);
      errors.push(seen.age_ms - (now - tags[0].wall));
      await sleep(130);
    }
    const middle = errors.sort((a, b) => a - b)[errors.length >> 1];
    assert.ok(Math.abs(middle) <= 80, `age is wrong by ${errors} ms`);
  });

  onNode('under a path prefix everything is found, and a key may have three segments', { prefix: '/tv/one/' }, async (node, open) => {
    node.add(new MockStream('live/a/b', clip));
    const page = await open('watch/live/a/b');
    await waitState(page, 'live');
    await page.getByRole('link', { name: 'All streams' }).click();
    await page.getByRole('link', { name: /live\/a\/b/ }).click();
    await waitState(page, 'live');
  });

  onNode('a publisher that is away and returns: paused, then live near the edge', {}, async (node, open) => {
    const stream = live(node);
    const page = await open();
    await waitState(page, 'live');
    stream.pause();
    await waitState(page, 'paused');
    assert.equal(await detail(page), 'the publisher is away, waiting');
    await sleep(3000);
    stream.resume();
    await waitState(page, 'live');
    const seen = await stats(page);
    await until(page, (frames) => window.sluice.stats.total_video_frames > frames + 20, seen.total_video_frames);
    assert.ok((await stats(page)).buffer_s <= 3);
    assert.equal((await stats(page)).reconnects, 0);
  });

  onNode('an ended stream is not live, and starts by itself when it is published again', {}, async (node, open) => {
    const stream = live(node);
    const page = await open();
    await waitState(page, 'live');
    stream.state = 'not_live';
    stream.close(1000, 'ended');
    await waitState(page, 'not live');
    assert.equal(await detail(page), 'the publisher ended the stream');
    stream.resume();
    await waitState(page, 'live');
  });

  onNode('a changed stream is reopened', {}, async (node, open) => {
    const stream = live(node);
    const page = await open();
    await waitState(page, 'live');
    stream.epoch = '1001';
    stream.close(4001, 'changed');
    await until(page, () => window.sluice.stats.epoch === '1001' && window.sluice.state === 'live');
  });

  onNode('a stream that nobody publishes is not live; an impossible key is not found', {}, async (node, open) => {
    const waiting = await open('watch/live/nobody');
    await waitState(waiting, 'not live');
    const impossible = await open('watch/nonsense');
    await waitState(impossible, 'not found');
  });

  onNode('a codec that the browser lacks is named', {}, async (node, open) => {
    live(node, { video: 'hvc1' });
    const page = await open();
    await waitState(page, 'cannot decode');
    assert.equal(await detail(page), 'this browser cannot decode HEVC (hvc1)');
  });

  onNode('a handshake that is refused leaves the page starting, and it goes on trying', {}, async (node, open) => {
    const stream = live(node, { refuse: true });
    const page = await open();
    await until(page, () => window.sluice.stats.reconnects >= 2);
    await waitState(page, 'starting');
    assert.match(await detail(page), /refused/);
    stream.refuse = false;
    await waitState(page, 'live');
  });

  onNode('an edge that dies is unreachable, and played again when it is back', {}, async (node, open) => {
    live(node);
    const page = await open();
    await waitState(page, 'live');
    await node.stop();
    await waitState(page, 'edge unreachable');
    await node.start(node.port);
    await waitState(page, 'live', 15_000);
  });

  besideOther('an edge that stays dead is left for another that serves the stream', async (node, other, open) => {
    live(node);
    const page = await open();
    await until(page, () => window.sluice.state === 'live' && window.sluice.stats.current_time_s > 3.5);
    await node.stop();
    await page.waitForURL(other.url + WATCH, { timeout: 10_000 });
    await waitState(page, 'live');
    await node.start(node.port);
  });

  besideOther('an edge that takes no more viewers is left for another that serves the stream', async (node, other, open) => {
    live(node).refuse = true;
    const page = await open();
    await page.waitForURL(other.url + WATCH, { timeout: 20_000 });
    await waitState(page, 'live');
  });

  besideOther('an edge that drains hands the page to another', async (node, other, open) => {
    const stream = live(node);
    node.edges = [node, other].map(({ id, url }) => ({ id, url: url.slice(0, -1) }));
    const page = await open();
    await waitState(page, 'live');
    stream.close(4002, 'draining');
    await page.waitForURL(other.url + WATCH);
    await waitState(page, 'live');
  });

  onNode('a tab that comes back from the background jumps near the live edge', {}, async (node, open) => {
    live(node);
    const page = await open();
    await waitState(page, 'live');
    await page.evaluate(() => document.querySelector('video').pause());
    await sleep(2500);
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    const seen = await stats(page);
    assert.ok(seen.buffer_s < seen.buffer_target_s + 0.6, `buffer ${seen.buffer_s} of ${seen.buffer_target_s}`);
    const frames = seen.total_video_frames;
    await until(page, (before) => window.sluice.stats.total_video_frames > before + 10, frames);
  });

  onNode('a configuration that the player chokes on is named, and played when it is repaired', {}, async (node, open) => {
    const broken = { ...clip, preface: withoutPicture(clip.preface) };
    const stream = live(node, { clip: broken });
    const page = await open();
    await waitState(page, 'cannot decode');
    assert.match(await detail(page), /H\.264 \(avc1\)/);
    stream.clip = clip;
    await waitState(page, 'live', 12_000);
  });

  onNode('a browser that refuses to play without a gesture shows a button that plays', { init: refuseAutoplay }, async (node, open) => {
    live(node);
    const page = await open();
    await until(page, () => document.querySelector('video').readyState >= HTMLMediaElement.HAVE_CURRENT_DATA);
    // mpegts.js seeks so, too, when the first frame is not at 0.
    await page.evaluate(() => { document.querySelector('video').currentTime = 0.3; });
    await page.getByText('only after a click').waitFor();
    await sleep(600);
    assert.equal(await page.evaluate(() => window.sluice.state), 'starting');
    await page.getByRole('button', { name: 'Play' }).click();
    await waitState(page, 'live');
    assert.equal(await page.getByRole('button', { name: 'Play' }).isVisible(), false);
  });

  onNode('without a word of an origin the list says what to fill in', {}, async (node, open) => {
    const page = await open('');
    await page.getByText('Nothing is live').waitFor();
    assert.equal(await page.locator('#obs-server').textContent(), 'rtmp://ORIGIN/live');
    assert.equal(await page.locator('#origin-hint').isVisible(), true);
  });

  onNode('the list shows what is live, and how to publish when nothing is', {}, async (node, open) => {
    node.rtmp = ['rtmp://[::]:2935'];
    const page = await open('');
    await page.getByText('Nothing is live').waitFor();
    await page.getByText('2935/live/room1').waitFor();
    assert.equal(await page.locator('#origin-hint').isVisible(), false);
    const line = await page.locator('#ffmpeg').textContent();
    assert.equal(line, 'ffmpeg -re -f lavfi -i testsrc2=size=1280x720:rate=30 -f lavfi -i sine -c:v libx264 -preset veryfast '
      + '-tune zerolatency -g 60 -c:a aac -f flv rtmp://127.0.0.1:2935/live/room1');
    assert.equal(await page.locator('#obs-server').textContent(), 'rtmp://127.0.0.1:2935/live');
    assert.equal(await page.locator('#obs-key').textContent(), 'room1');
    await page.getByRole('button', { name: 'Copy the ffmpeg line' }).click();
    await page.getByText('Copied').waitFor();
    live(node);
    const link = page.getByRole('link', { name: /live\/room1/ });
    await link.waitFor();
    assert.equal(await link.getAttribute('href'), WATCH);
    assert.match(await link.textContent(), /live.*1280 × 720 · H\.264 \+ AAC.*0 viewers/);
    node.directory = 'stale';
    await page.getByText('No directory answers').waitFor();
  });
});
