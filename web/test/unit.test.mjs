import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NodeClock, pictureAge } from '../src/age.js';
import { Backoff } from '../src/backoff.js';
import { afterClose } from '../src/closing.js';
import { cannotDecodeText, undecodable } from '../src/codecs.js';
import { FlvScanner } from '../src/flv-scanner.js';
import { duration } from '../src/format.js';
import { chase } from '../src/live-edge.js';
import { undecodableFrom } from '../src/media-errors.js';
import { indexPlace, placeOnEdge, publishServer, socketUrl, watchPlace, watchUrl } from '../src/place.js';

const HEADER = (flags) => [0x46, 0x4c, 0x56, 1, flags, 0, 0, 0, 9, 0, 0, 0, 0];
const tag = (type, timestamp, body) => [type, 0, 0, body.length, (timestamp >> 16) & 255, (timestamp >> 8) & 255,
  timestamp & 255, (timestamp >> 24) & 255, 0, 0, 0, ...body, 0, 0, 0, body.length + 11];
const AVC_HEADER = tag(9, 0, [0x17, 0, 0, 0, 0, 1, 100, 0, 31]);
const AAC_HEADER = tag(8, 0, [0xaf, 0, 0x12, 0x10]);
const avc = (timestamp, composition = 0) => tag(9, timestamp, [0x17, 1, 0, 0, composition, 9, 9, 9, 9]);
const aac = (timestamp) => tag(8, timestamp, [0xaf, 1, 7, 7, 7, 7]);

function scan(...chunks) {
  const scanner = new FlvScanner();
  for (const chunk of chunks) scanner.push(Uint8Array.from(chunk));
  return scanner;
}

describe('the timestamp at currentTime 0', () => {
  test('is the smaller of the first audio and the first video frame of a chunk', () => {
    const headers = [...HEADER(5), ...AVC_HEADER, ...AAC_HEADER];
    assert.equal(scan([...headers, ...avc(9000), ...aac(8990), ...avc(9040)]).base, 8990);
    assert.equal(scan([...headers, ...avc(9000), ...aac(9010)]).base, 9000);
  });

  test('is the first frame of the first chunk when the other track comes later', () => {
    const headers = [...HEADER(5), ...AVC_HEADER, ...AAC_HEADER];
    assert.equal(scan([...headers, ...avc(9000)], aac(8990)).base, 9000);
  });

  test('counts frames that came before a configuration', () => {
    assert.equal(scan([...HEADER(5), ...AVC_HEADER, ...avc(500)], [...aac(520), ...AAC_HEADER, ...aac(540)]).base, 500);
  });

  test('is unknown while an announced track has no configuration', () => {
    assert.equal(scan([...HEADER(5), ...AVC_HEADER, ...avc(500)]).base, null);
    assert.equal(scan([...HEADER(1), ...AVC_HEADER, ...avc(500)]).base, 500);
  });

  test('does not depend on where tags are cut', () => {
    const bytes = [...HEADER(5), ...tag(18, 0, [2, 0, 1, 65]), ...AVC_HEADER, ...AAC_HEADER, ...avc(0x1234567), ...aac(0x1234570)];
    for (let cut = 1; cut < bytes.length; cut += 1) {
      const scanner = scan(bytes.slice(0, cut), bytes.slice(cut));
      assert.equal(scanner.base, 0x1234567, `cut at ${cut}`);
      assert.equal(scanner.newest, 0x1234570, `cut at ${cut}`);
    }
    assert.equal(scan(...bytes.map((byte) => [byte])).base, 0x1234567);
  });

  test('is found in extended tags, where AV1 counts as configured at its first frame', () => {
    const fourcc = (text) => [...text].map((letter) => letter.charCodeAt(0));
    const hevc = [...tag(9, 0, [0x90, ...fourcc('hvc1'), 1, 2, 3]), ...tag(9, 700, [0x91, ...fourcc('hvc1'), 0, 0, 40, 5, 5])];
    const scanner = scan([...HEADER(1), ...hevc]);
    assert.equal(scanner.base, 700);
    assert.equal(scanner.reorder, 40 / 32);
    const av1 = [...HEADER(1), ...tag(9, 0, [0x90, ...fourcc('av01'), 1, 2, 3, 4])];
    assert.equal(scan(av1).base, null);
    assert.equal(scan(av1, tag(9, 800, [0x91, ...fourcc('av01'), 5, 5])).base, 800);
  });
});

describe('the age of the picture', () => {
  test('goes through the newest pair and the clock of the node', () => {
    const clock = new NodeClock();
    clock.add(1000, 1400, 91_000);
    clock.add(2000, 2040, 92_020);
    assert.equal(clock.offset, 90_000);
    const newest = { timestamp_ms: 50_000, unix_ms: 99_700 };
    assert.equal(pictureAge(10_000 + clock.offset, newest, 48_800), 1500);
  });

  test('is unknown without a pair or a playhead', () => {
    assert.equal(pictureAge(1, null, 2), null);
    assert.equal(pictureAge(1, { timestamp_ms: 1, unix_ms: 1 }, null), null);
  });
});

test('waits double from half a second to ten, each drawn from its upper half', () => {
  const low = new Backoff({ random: () => 0 });
  const high = new Backoff({ random: () => 1 });
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(() => low.next()), [500, 500, 1000, 2000, 4000, 5000, 5000]);
  assert.deepEqual([1, 2, 3, 4, 5, 6, 7].map(() => high.next()), [500, 1000, 2000, 4000, 8000, 10000, 10000]);
  low.reset();
  assert.equal(low.next(), 500);
});

test('each close code says what comes next', () => {
  assert.deepEqual([1000, 4001, 4002, 4003, 4004, 1001, 1006].map((code) => afterClose(code, '').next),
    ['poll', 'now', 'backoff', 'poll', 'backoff', 'backoff', 'backoff']);
  assert.deepEqual([4002, 1006].map((code) => afterClose(code, '').elsewhere), [true, false]);
});

test('a codec that the browser refuses is named', () => {
  const noHevc = (type) => !/hvc1/.test(type);
  assert.equal(undecodable(['avc1', 'mp4a'], noHevc), null);
  assert.equal(undecodable([null, 'Opus'], noHevc), null);
  assert.equal(undecodable(['hvc1', 'mp4a'], noHevc), 'hvc1');
  assert.equal(cannotDecodeText('hvc1'), 'this browser cannot decode HEVC (hvc1)');
  assert.equal(cannotDecodeText('xyz'), 'this browser cannot decode xyz');
});

test('an error of the library that is about a codec names it', () => {
  assert.equal(undecodableFrom('CodecUnsupported', 'Flv: Unsupported codec in video frame: vp09'), 'vp09');
  assert.equal(undecodableFrom('MediaMSEError', { msg: "The type provided ('video/mp4;codecs=hvc1.1.6.L93.B0') is not supported" }), 'hvc1.1.6.L93.B0');
  assert.equal(undecodableFrom('FormatError', 'Flv: Invalid video packet type 9'), null);
});

test('the playhead is hurried or slowed a little, jumps when far behind, and is left alone near its target', () => {
  assert.deepEqual(chase(0.6, 0.9, 1.1), { rate: 1 });
  assert.deepEqual(chase(0.3, 0.9, 1), { rate: 0.95 });
  assert.deepEqual(chase(0.8, 0.9, 0.95), { rate: 0.95 });
  assert.deepEqual(chase(0.95, 0.9, 0.95), { rate: 1 });
  assert.deepEqual(chase(1.1, 0.9, 1.1), { rate: 1.1 });
  assert.deepEqual(chase(1.5, 0.9, 1), { rate: 1.1 });
  assert.deepEqual(chase(2.5, 0.9, 1), { jump: 0.9 });
});

test('addresses follow the page, under any prefix and scheme', () => {
  const at = (protocol, host, pathname, search = '') => ({ protocol, host, pathname, search });
  const place = watchPlace(at('https:', 'tv.example', '/a/b/watch/live/room1', '?token=x'));
  assert.equal(place.base, 'https://tv.example/a/b/');
  assert.equal(place.key, 'live/room1');
  assert.equal(socketUrl(place), 'wss://tv.example/a/b/live/room1.flv?token=x');
  assert.equal(socketUrl(watchPlace(at('http:', '[::1]:8080', '/watch/live/r/'))), 'ws://[::1]:8080/live/r.flv');
  assert.equal(indexPlace(at('http:', 'h', '/a/')).base, 'http://h/a/');
  assert.equal(placeOnEdge(place, 'http://edge-2:8080'), null);
  const plain = watchPlace(at('http:', 'edge-1:8080', '/watch/live/room1'));
  assert.equal(placeOnEdge(plain, 'http://edge-1:8080'), null);
  assert.equal(watchUrl(placeOnEdge(plain, 'http://edge-2:8080/p')), 'http://edge-2:8080/p/watch/live/room1');
});

test('publishers are sent to an origin that says where it is, else told what to fill in', () => {
  assert.equal(publishServer(['rtmp://o1.example:1936'], 'edge.example'), 'rtmp://o1.example:1936/live');
  assert.equal(publishServer(['rtmp://[2001:db8::1]:1935/'], 'edge.example'), 'rtmp://[2001:db8::1]:1935/live');
  assert.equal(publishServer(['http://o1.example', 'rtmp://[::]:1936'], 'localhost'), 'rtmp://localhost:1936/live');
  assert.equal(publishServer(['rtmp://0.0.0.0:1936'], 'edge.example'), 'rtmp://ORIGIN:1936/live');
  assert.equal(publishServer(['rtmps://o1.example'], 'edge.example'), 'rtmps://o1.example/live');
  assert.equal(publishServer([], 'localhost'), 'rtmp://ORIGIN/live');
});

test('the codec that a chunk configures is known, the video\'s before the audio\'s', () => {
  assert.equal(scan([...HEADER(5), ...AVC_HEADER, ...AAC_HEADER]).configured, 'avc1');
  assert.equal(scan([...HEADER(5), ...AVC_HEADER], AAC_HEADER).configured, 'mp4a');
  assert.equal(scan([...HEADER(5), ...AVC_HEADER, ...AAC_HEADER], avc(40)).configured, null);
});

test('durations read as people say them', () => {
  assert.deepEqual([42_000, 754_000, 7_200_000, 12_000_000, 190_000_000].map(duration), ['42 s', '12 min', '2 h', '3 h 20 min', '2 d 4 h']);
});
