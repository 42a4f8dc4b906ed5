// A node as the pages see it: serves the built pages (under any prefix), the API, and streams over WebSocket in real
// time, each with switches that force what a real node does only in trouble.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { withTimestamp } from './clip.mjs';

const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const CSP = "default-src 'self'; connect-src 'self' ws: wss:; media-src blob:; worker-src blob:";
const DIST = new URL('../dist/', import.meta.url);
const FIRST_TIMESTAMP = 7_000_000;
const KEEP = 9_000; // ms of log; less than the clip is long, so that a frame is in it once

/** One stream: an endless loop of the clip, appended in real time. */
export class MockStream {
  state = 'live';
  epoch = '1000';
  video = 'avc1';
  audio = 'mp4a';
  delay = 0; // ms between the append at the origin and the sending by the edge
  skew = 0; // ms by which the cluster's clock is ahead of this machine's
  log = [];
  viewers = new Set();
  #start = Date.now();
  #index = 0;
  #loop = 0;

  constructor(key, clip, changes = {}) {
    this.key = key;
    this.clip = clip;
    Object.assign(this, changes);
  }

  pause() { this.state = 'paused'; }

  /** The publisher is back: the log goes on at a keyframe, timestamps advanced by the absence. */
  resume() {
    this.#loop = Date.now() - this.#start;
    this.#index = 0;
    this.state = 'live';
  }

  /** Closes every viewer. */
  close(code, reason) {
    for (const viewer of this.viewers) viewer.close(code, reason);
  }

  get newest() {
    const last = this.log.at(-1);
    return last ? { timestamp_ms: last.timestamp, unix_ms: last.wall + this.skew } : null;
  }

  /** Appends what is due and sends what is due. */
  step(now) {
    while (this.state === 'live' && this.#append(now)) { /* all that is due */ }
    while (this.log.length > 0 && this.log[0].wall < now - KEEP) this.log.shift();
    for (const viewer of this.viewers) this.#feed(viewer, now);
  }

  #append(now) {
    const tag = this.clip.tags[this.#index];
    const wall = this.#start + this.#loop + tag.timestamp;
    if (wall > now) return false;
    const timestamp = FIRST_TIMESTAMP + this.#loop + tag.timestamp;
    this.log.push({ ...tag, timestamp, wall, bytes: withTimestamp(tag.bytes, timestamp) });
    this.#index += 1;
    if (this.#index === this.clip.tags.length) {
      this.#index = 0;
      this.#loop += this.clip.length;
    }
    return true;
  }

  #feed(viewer, now) {
    if (viewer.next === undefined) {
      const join = this.log.findLast((tag) => tag.keyframe && tag.wall + this.delay <= now);
      if (!join) return;
      viewer.next = join.timestamp;
      viewer.send(this.clip.preface);
    }
    const due = this.log.filter((tag) => tag.timestamp >= viewer.next && tag.wall + this.delay <= now);
    const fresh = due.filter((tag) => !viewer.sent.has(tag));
    if (fresh.length === 0) return;
    viewer.send(Buffer.concat(fresh.map((tag) => tag.bytes)));
    viewer.next = fresh.at(-1).timestamp;
    viewer.sent = new Set(due.filter((tag) => tag.timestamp === viewer.next));
  }
}

export class MockNode {
  streams = new Map();
  directory = 'fresh';
  edges = [];
  /** The origins' RTMP addresses. */
  rtmp = [];
  /** When set, the API answers this HTTP status (0: it hangs up). */
  broken = null;
  #server;
  #sockets = new Set();
  #timer;

  constructor({ id = 'edge-1', prefix = '/' } = {}) {
    this.id = id;
    this.prefix = prefix;
  }

  async start(port = 0) {
    this.#server = createServer((request, response) => this.#serve(request, response));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket) => this.#upgrade(request, socket));
    await new Promise((resolve, reject) => this.#server.once('error', reject).listen(port, '127.0.0.1', resolve));
    this.port = this.#server.address().port;
    this.#timer = setInterval(() => this.streams.forEach((stream) => stream.step(Date.now())), 10);
    return this;
  }

  async stop() {
    clearInterval(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  get url() { return `http://127.0.0.1:${this.port}${this.prefix}`; }

  add(stream) {
    this.streams.set(stream.key, stream);
    return stream;
  }

  #serve(request, response) {
    const path = this.#inside(request.url);
    if (path === null) return answer(response, 404, { error: 'not_found', message: 'outside the prefix' });
    if (path.startsWith('api/v1/')) return this.#api(path.slice('api/v1/'.length), response);
    const watch = /^watch\/(.+)$/.exec(path)?.[1].split('/').length;
    const name = watch ? (watch === 2 ? 'watch.html' : `watch-${watch}.html`) : path || 'index.html';
    try {
      const body = readFileSync(new URL(name, DIST));
      response.writeHead(200, { 'content-type': TYPES[extname(name)], 'content-security-policy': CSP });
      response.end(body);
    } catch {
      answer(response, 404, { error: 'not_found', message: name });
    }
  }

  #inside(url) {
    const path = url.split('?')[0];
    return path.startsWith(this.prefix) ? path.slice(this.prefix.length) : null;
  }

  #api(path, response) {
    if (this.broken === 0) return response.destroy();
    if (this.broken) return answer(response, this.broken, { error: 'unavailable', message: 'forced' });
    if (path === 'edges') return answer(response, 200, { edges: this.edges });
    if (path === 'publish') return answer(response, 200, { rtmp: this.rtmp });
    if (path === 'streams') return answer(response, 200, { directory: this.directory, streams: this.#list() });
    const key = decodeURIComponent(path.slice('streams/'.length));
    if (!/^[\w.~-]{1,128}(\/[\w.~-]{1,128}){1,3}$/.test(key)) {
      return answer(response, 400, { error: 'bad_argument', message: `${key} is not a stream key: it has 2 to 4 segments` });
    }
    const stream = this.streams.get(key);
    if (!stream || stream.state === 'not_live') {
      return answer(response, 404, { error: 'not_live', message: `${key} is not live` });
    }
    return answer(response, 200, this.#describe(stream));
  }

  #list() {
    return [...this.streams.values()].filter(({ state }) => state !== 'not_live').map((stream) => ({
      key: stream.key, state: stream.state, epoch: stream.epoch, origin: 'origin-1', since_unix_ms: Date.now() - 754_000,
      video: stream.video, audio: stream.audio, width: 1280, height: 720, viewers: stream.viewers.size,
    }));
  }

  #describe(stream) {
    return {
      key: stream.key, state: stream.state, epoch: stream.epoch, now_unix_ms: Date.now() + stream.skew, newest: stream.newest,
      video: stream.video, audio: stream.audio, width: 384, height: 216, node: this.id, zone: '',
      path: ['origin-1', 'relay-2', this.id], upstream: 'relay-2', bitrate_bps: 480_000, viewers: stream.viewers.size,
      grace_left_ms: stream.state === 'paused' ? 8000 : null,
    };
  }

  #upgrade(request, socket) {
    socket.on('error', () => {});
    const stream = this.streams.get(this.#inside(request.url)?.replace(/\.flv$/, ''));
    if (!stream || stream.state === 'not_live' || stream.refuse) {
      socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
      return;
    }
    const accept = createHash('sha1').update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    const viewer = new Viewer(socket);
    stream.viewers.add(viewer);
    socket.on('close', () => stream.viewers.delete(viewer));
  }
}

/** The server's side of one WebSocket: sends binary and close frames (RFC 6455, section 5.2), answers a close. */
class Viewer {
  sent = new Set();
  closing = false;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (data) => { if ((data[0] & 15) === 8) this.#answerClose(); });
  }

  send(bytes) { if (!this.closing) this.socket.write(frame(2, bytes)); }

  #answerClose() {
    if (this.closing) this.socket.end();
    else this.socket.end(frame(8, Buffer.alloc(0)));
  }

  close(code, reason) {
    this.closing = true;
    const body = Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]);
    this.socket.write(frame(8, body));
  }
}

function frame(opcode, body) {
  let head;
  if (body.length < 126) {
    head = Buffer.from([0x80 | opcode, body.length]);
  } else if (body.length < 65536) {
    head = Buffer.from([0x80 | opcode, 126, body.length >> 8, body.length & 255]);
  } else {
    head = Buffer.from([0x80 | opcode, 127, 0, 0, 0, 0, 0, 0, 0, 0]);
    head.writeUInt32BE(body.length, 6);
  }
  return Buffer.concat([head, body]);
}

function answer(response, status, body) {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
