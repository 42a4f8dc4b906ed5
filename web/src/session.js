// One opening of the stream: a socket, mpegts.js behind it, and what is measured of both. Made for one attempt and
// thrown away with it.

import mpegts from 'mpegts.js';
import { FlvScanner } from './flv-scanner.js';
import { flvSocketLoader } from './flv-socket.js';
import { undecodableFrom } from './media-errors.js';

const BITRATE_WINDOW = 3000; // ms

mpegts.LoggingControl.enableVerbose = false;
mpegts.LoggingControl.enableDebug = false;
mpegts.LoggingControl.enableInfo = false;
mpegts.LoggingControl.enableWarn = false;

export class Session {
  scanner = new FlvScanner();
  /** performance.now() of the newest bytes and of the opening; null before. */
  lastDataAt = null;
  openedAt = null;
  #madeAt = performance.now();
  /** Resolves when it is over: {why: 'closed', code, reason} | {why: 'codec', codec} | {why: 'media', message}. */
  over;

  #player;
  #end;
  #arrivals = [];

  constructor(video, url) {
    this.over = new Promise((resolve) => { this.#end = resolve; });
    const customLoader = flvSocketLoader({
      opened: () => { this.openedAt = performance.now(); },
      data: (bytes) => this.#arrived(bytes),
      closed: (code, reason) => this.#end({ why: 'closed', code, reason }),
      broken: (error) => this.#broken(error),
    });
    this.#player = mpegts.createPlayer({ type: 'flv', isLive: true, url }, {
      customLoader,
      enableWorker: false,
      enableStashBuffer: false,
      lazyLoad: false,
      liveSync: false,
      liveBufferLatencyChasing: false,
      autoCleanupSourceBuffer: true,
      autoCleanupMaxBackwardDuration: 30,
      autoCleanupMinBackwardDuration: 15,
    });
    this.#player.on(mpegts.Events.ERROR, (type, detail, info) => {
      const codec = undecodableFrom(detail, info);
      this.#end(codec ? { why: 'codec', codec } : { why: 'media', message: `${detail}: ${info?.msg ?? info}` });
    });
    this.#player.attachMediaElement(video);
    this.#player.load();
  }

  /** Received bits per second over the last seconds; null before there is a second to measure. */
  get bitrate() {
    const now = performance.now();
    const recent = this.#arrivals.filter(({ at }) => at >= now - BITRATE_WINDOW);
    const span = Math.min(BITRATE_WINDOW, now - (this.openedAt ?? now));
    if (span < 1000) return null;
    return Math.round((recent.reduce((sum, { bytes }) => sum + bytes, 0) * 8000) / span);
  }

  /** Milliseconds since bytes arrived (since the attempt began, before the first). */
  get silence() {
    return performance.now() - (this.lastDataAt ?? this.#madeAt);
  }

  /** FLV timestamp (ms, in decoding order) of what is on the screen at `currentTime`; null until known. */
  playhead(currentTime) {
    return this.scanner.base === null ? null : this.scanner.base + currentTime * 1000 - this.scanner.reorder;
  }

  /** Gives the session up; `over` then says that the connection was lost, unless it is over already. */
  close() {
    this.#end({ why: 'closed', code: 1006, reason: '' });
    this.#player?.destroy();
    this.#player = null;
  }

  /** The library threw. It reads all of a configuration at once, so one in what it was given is to blame. */
  #broken(error) {
    const codec = this.scanner.configured;
    this.#end(codec ? { why: 'codec', codec } : { why: 'media', message: String(error?.message ?? error) });
  }

  #arrived(bytes) {
    this.lastDataAt = performance.now();
    this.#arrivals.push({ at: this.lastDataAt, bytes: bytes.byteLength });
    while (this.#arrivals[0].at < this.lastDataAt - BITRATE_WINDOW) this.#arrivals.shift();
    this.scanner.push(bytes);
  }
}
