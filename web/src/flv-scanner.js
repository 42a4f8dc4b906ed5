// Follows the FLV bytes on their way to mpegts.js and finds the timestamp that it maps to currentTime 0.
//
// mpegts.js subtracts one base from every timestamp: the smaller of the first audio and the first video frame in
// the first batch it remuxes, which is what it has parsed at the end of the chunk in which the configuration of
// every announced track is known (MP4Remuxer._calculateDtsBase, FLVDemuxer.parseChunks). Later gaps are kept.

const FILE_HEADER = 13; // FLV header and PreviousTagSize0
const TAG_HEADER = 11;
const PEEK = TAG_HEADER + 8; // as much of a tag as tells frames from configuration and holds a composition time
const PREVIOUS_TAG_SIZE = 4;

export class FlvScanner {
  /** FLV timestamp (ms) that is at currentTime 0; null until known. */
  base = null;
  /** Timestamp (ms) of the newest whole frame; null before the first. */
  newest = null;
  /** The codec (FourCC) that the newest chunk configures, of two the video's; null when it configures none. */
  configured = null;
  /** How far presentation runs behind decoding (ms): the mean composition time of recent video frames. */
  reorder = 0;

  #announced = { audio: false, video: false };
  #configured = { audio: false, video: false };
  #first = { audio: null, video: null };
  #head = new Uint8Array(PEEK);
  #have = 0;
  #want = FILE_HEADER;
  #skip = 0;
  #tag = null;
  #inTags = false;

  /** One chunk, as it is handed to mpegts.js. */
  push(chunk) {
    let at = 0;
    this.configured = null;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else {
        const step = Math.min(this.#want - this.#have, chunk.length - at);
        this.#head.set(chunk.subarray(at, at + step), this.#have);
        this.#have += step;
        at += step;
        if (this.#have === this.#want) this.#headIsComplete();
      }
      if (this.#skip === 0 && this.#tag) this.#tagIsComplete();
    }
    this.#settleBase();
  }

  #headIsComplete() {
    if (!this.#inTags) {
      this.#announced = { audio: (this.#head[4] & 4) !== 0, video: (this.#head[4] & 1) !== 0 };
      this.#inTags = true;
      this.#expectTag();
      return;
    }
    const size = (this.#head[1] << 16) | (this.#head[2] << 8) | this.#head[3];
    const peek = Math.min(PEEK, TAG_HEADER + size);
    if (this.#have < peek) {
      this.#want = peek;
      return;
    }
    this.#tag = readTag(this.#head, size);
    this.#skip = TAG_HEADER + size + PREVIOUS_TAG_SIZE - peek;
  }

  #expectTag() {
    this.#have = 0;
    this.#want = TAG_HEADER;
  }

  #tagIsComplete() {
    const { track, kind, timestamp, composition, header } = this.#tag;
    this.#tag = null;
    this.#expectTag();
    if (!track) return;
    if (kind.configures) this.#configured[track] = true;
    if (header && (track === 'video' || !this.configured)) this.configured = header;
    if (!kind.frame) return;
    this.#first[track] ??= timestamp;
    this.newest = timestamp;
    if (track === 'video') this.reorder += (composition - this.reorder) / 32;
  }

  #settleBase() {
    if (this.base !== null) return;
    const { audio, video } = this.#announced;
    if ((audio && !this.#configured.audio) || (video && !this.#configured.video)) return;
    const firsts = [this.#first.audio, this.#first.video].filter((first) => first !== null);
    if (firsts.length > 0) this.base = Math.min(...firsts);
  }
}

function readTag(head, size) {
  const timestamp = (head[7] << 24) | (head[4] << 16) | (head[5] << 8) | head[6];
  const body = head.subarray(TAG_HEADER);
  if (head[0] === 8 && size > 1) {
    return { track: 'audio', timestamp, kind: audioKind(body), composition: 0, header: audioHeader(body) };
  }
  if (head[0] === 9 && size > 4) return { track: 'video', timestamp, ...videoKind(body), header: videoHeader(body) };
  return { track: null };
}

/** The codec whose sequence header this is; null for anything else. */
function audioHeader(body) {
  if (body[0] >> 4 === 10) return body[1] === 0 ? 'mp4a' : null;
  return body[0] >> 4 === 9 && (body[0] & 15) === 0 ? fourccOf(body) : null;
}

function videoHeader(body) {
  if ((body[0] & 0x80) !== 0) return (body[0] & 15) === 0 ? fourccOf(body) : null;
  if (body[1] !== 0) return null;
  return { 7: 'avc1', 12: 'hvc1' }[body[0] & 15] ?? null;
}

function fourccOf(body) {
  return String.fromCharCode(...body.subarray(1, 5));
}

function audioKind(body) {
  const format = body[0] >> 4;
  if (format === 10) return { configures: body[1] === 0, frame: body[1] === 1 };
  if (format === 9) return { configures: (body[0] & 15) === 0, frame: (body[0] & 15) === 1 };
  return { configures: true, frame: true };
}

function videoKind(body) {
  if ((body[0] & 0x80) === 0) {
    return { kind: { configures: body[1] === 0, frame: body[1] === 1 }, composition: signed24(body, 2) };
  }
  const packet = body[0] & 15;
  const fourcc = fourccOf(body);
  const frame = packet === 1 || packet === 3;
  // An AV1 track counts as configured at its first frame only.
  const configures = fourcc === 'av01' ? frame : packet === 0;
  const composition = packet === 1 && fourcc !== 'av01' ? signed24(body, 5) : 0;
  return { kind: { configures, frame }, composition };
}

function signed24(bytes, at) {
  return ((bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8)) >> 8;
}
