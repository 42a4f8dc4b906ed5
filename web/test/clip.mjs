// The test picture: each frame shows its own number as black and white columns, so a test can read from the
// screen which frame is on it. With B-frames, so that presentation and decoding order differ.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const CLIP = { width: 384, height: 216, fps: 25, bits: 8, seconds: 10 };

/** {preface, tags: [{timestamp, bytes, video, keyframe, frame}], length}; `frame` is the number a tag shows. */
export function makeClip() {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-web-'));
  try {
    const file = join(folder, 'clip.flv');
    const column = CLIP.width / CLIP.bits;
    const picture = `color=size=${CLIP.width}x${CLIP.height}:rate=${CLIP.fps},`
      + `geq=lum='if(mod(floor(N/pow(2,floor(X/${column}))),2),235,16)':cb=128:cr=128`;
    const run = spawnSync('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', 'sine=frequency=440',
      '-t', String(CLIP.seconds), '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2',
      '-g', '50', '-sc_threshold', '0', '-b:v', '400k', '-c:a', 'aac', '-f', 'flv', file], { encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`ffmpeg: ${run.stderr || run.error}`);
    return parse(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function parse(flv) {
  const headers = [];
  const tags = [];
  for (let at = 13; at + 15 <= flv.length;) {
    const end = at + 15 + flv.readUIntBE(at + 1, 3);
    const bytes = flv.subarray(at, end);
    const video = bytes[0] === 9;
    const timestamp = bytes.readUIntBE(4, 3) | (bytes[7] << 24);
    if (bytes[0] === 18 || bytes[12] === 0) headers.push(withTimestamp(bytes, 0));
    else if (bytes[12] === 1 && timestamp < CLIP.seconds * 1000) {
      const keyframe = video && bytes[11] >> 4 === 1;
      tags.push({ timestamp, bytes, video, keyframe, shownAt: timestamp + (video ? bytes.readIntBE(13, 3) : 0) });
    }
    at = end;
  }
  tags.filter((tag) => tag.video).sort((a, b) => a.shownAt - b.shownAt).forEach((tag, frame) => { tag.frame = frame; });
  const preface = Buffer.concat([flv.subarray(0, 13), ...headers]);
  return { preface, tags, length: CLIP.seconds * 1000 };
}

/** A copy of the tag with another timestamp (ms). */
export function withTimestamp(bytes, timestamp) {
  const copy = Buffer.from(bytes);
  copy.writeUIntBE(timestamp & 0xffffff, 4, 3);
  copy[7] = (timestamp >>> 24) & 0x7f;
  return copy;
}
