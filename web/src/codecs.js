// Which codecs this browser can decode: asked of MediaSource with a typical profile, since the API names only
// the family (`avc1`, `mp4a`, ...).

const KNOWN = {
  avc1: { name: 'H.264', type: 'video/mp4; codecs="avc1.64001F"' },
  hvc1: { name: 'HEVC', type: 'video/mp4; codecs="hvc1.1.6.L93.B0"' },
  hev1: { name: 'HEVC', type: 'video/mp4; codecs="hev1.1.6.L93.B0"' },
  av01: { name: 'AV1', type: 'video/mp4; codecs="av01.0.08M.08"' },
  vp09: { name: 'VP9', type: null },
  vp08: { name: 'VP8', type: null },
  vvc1: { name: 'VVC', type: null },
  mp4a: { name: 'AAC', type: 'audio/mp4; codecs="mp4a.40.2"' },
  opus: { name: 'Opus', type: 'audio/mp4; codecs="opus"' },
  mp3: { name: 'MP3', type: 'audio/mpeg' },
  flac: { name: 'FLAC', type: null },
  'ac-3': { name: 'AC-3', type: null },
  'ec-3': { name: 'E-AC-3', type: null },
};

function lookUp(codec) {
  return KNOWN[codec.split('.').find((part) => part !== '')?.toLowerCase()];
}

/** `H.264` for `avc1`; the codec as given when it is none we know. */
export function codecName(codec) {
  return lookUp(codec)?.name ?? codec;
}

/** The first of these codecs (null: no such track) that cannot be decoded here; null when all can. */
export function undecodable(codecs, isTypeSupported) {
  for (const codec of codecs) {
    if (!codec) continue;
    const type = lookUp(codec)?.type;
    if (!type || !isTypeSupported(type)) return codec;
  }
  return null;
}

/** What the page says of a codec that cannot be decoded. */
export function cannotDecodeText(codec) {
  const name = codecName(codec);
  return name === codec ? `this browser cannot decode ${codec}` : `this browser cannot decode ${name} (${codec})`;
}
