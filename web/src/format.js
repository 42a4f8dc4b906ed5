// Numbers as people read them. An unknown value is a dash.

const NONE = '–';

export function seconds(ms) {
  if (ms === null || ms === undefined) return NONE;
  return Math.abs(ms) < 60000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms);
}

export function bitrate(bps) {
  if (!bps) return NONE;
  return bps >= 1e6 ? `${(bps / 1e6).toFixed(2)} Mbit/s` : `${Math.round(bps / 1e3)} kbit/s`;
}

export function resolution(width, height) {
  return width && height ? `${width} × ${height}` : NONE;
}

export function count(number) {
  return number === null || number === undefined ? NONE : number.toLocaleString('en');
}

/** `42 s`, `12 min`, `3 h 20 min`, `2 d 4 h`. */
export function duration(ms) {
  const total = Math.max(0, Math.floor(ms / 1000));
  if (total < 60) return `${total} s`;
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${Math.floor(hours / 24)} d`;
}

export function codecs(video, audio, nameOf) {
  return [video, audio].filter(Boolean).map(nameOf).join(' + ') || NONE;
}
