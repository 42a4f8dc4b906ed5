// Tells from an error of mpegts.js whether the browser (or the library) lacks a codec, and which.

/** The codec an error names, '' turned into 'this codec'; null when the error is about something else. */
export function undecodableFrom(detail, info) {
  const message = String(info?.msg ?? info ?? '');
  if (detail === 'CodecUnsupported') {
    return /codec[^:]*:\s*([\w.-]+)\s*$/i.exec(message)?.[1] ?? 'this codec';
  }
  if (detail === 'MediaMSEError' && /not supported|unsupported/i.test(message)) {
    return /codecs="?([\w.,-]+)/.exec(message)?.[1] ?? 'this codec';
  }
  return null;
}
