// Where this page stands: the prefix a proxy may have put before it, the stream key it is about, and the
// addresses that follow from both. Pure functions of a location (or of an edge's public URL).

/** The page of one stream: `PREFIX/watch/KEY`. Null when the path is not such a page. */
export function watchPlace(location) {
  const at = location.pathname.indexOf('/watch/');
  if (at < 0) return null;
  const encodedKey = location.pathname.slice(at + '/watch/'.length).replace(/\/+$/, '');
  const base = `${location.protocol}//${location.host}${location.pathname.slice(0, at + 1)}`;
  return { base, encodedKey, key: decodeKey(encodedKey), params: location.search ?? '' };
}

/** The list's page: everything before its last path segment is the prefix. */
export function indexPlace(location) {
  const directory = location.pathname.slice(0, location.pathname.lastIndexOf('/') + 1);
  return { base: `${location.protocol}//${location.host}${directory}` };
}

/** ws(s)://HOST/PREFIX KEY.flv, with the params (tokens) the page was given. */
export function socketUrl(place) {
  return `${place.base.replace(/^http/, 'ws')}${place.encodedKey}.flv${place.params}`;
}

/** The same stream on another edge, given by its public URL. Null when this page may not go there. */
export function placeOnEdge(place, edgeUrl) {
  let url;
  try {
    url = new URL(edgeUrl);
  } catch {
    return null;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  if (place.base.startsWith('https:') && url.protocol !== 'https:') return null;
  const base = `${url.protocol}//${url.host}${url.pathname.replace(/\/*$/, '/')}`;
  return base === place.base ? null : { ...place, base };
}

/** The address of the page that plays the stream of a place. */
export function watchUrl(place) {
  return `${place.base}watch/${place.encodedKey}${place.params}`;
}

/** What a publisher enters as server: one of the origins' RTMP addresses, as `/api/v1/publish` lists them. An origin
 *  that listens on every address of its machine does not know which of them leads to it: only a page of that very
 *  machine does. */
export function publishServer(addresses, hostname) {
  const local = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname);
  for (const address of addresses) {
    const [, scheme, host, port] = /^(rtmps?):\/\/(\[[^\]]*\]|[^:/]+)(:\d+)?\/*$/.exec(address) ?? [];
    if (!host) continue;
    const everywhere = host === '[::]' || host === '0.0.0.0';
    return `${scheme}://${everywhere ? (local ? hostname : 'ORIGIN') : host}${port ?? ''}/live`;
  }
  return 'rtmp://ORIGIN/live';
}

/** A key as it stands in a path: each segment encoded, the slashes kept. */
export function encodeKey(key) {
  return key.split('/').map(encodeURIComponent).join('/');
}

function decodeKey(encoded) {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}
