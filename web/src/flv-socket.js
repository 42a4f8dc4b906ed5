// A loader for mpegts.js that reads the node's WebSocket. The library's own takes any close for the end of the
// stream and hides the close code; this one keeps both from it and tells them to the session.

import mpegts from 'mpegts.js';

/** A loader class bound to `events`: opened(), data(Uint8Array), closed(code, reason), and broken(error) when the
 *  library throws on what it was given. */
export function flvSocketLoader(events) {
  return class FlvSocket extends mpegts.BaseLoader {
    #socket = null;
    #received = 0;

    constructor() {
      super('flv-socket');
      this._needStash = false;
    }

    open(source) {
      this._status = mpegts.LoaderStatus.kConnecting;
      try {
        this.#socket = new WebSocket(source.url);
      } catch (error) {
        queueMicrotask(() => events.closed(1006, error.message));
        return;
      }
      this.#socket.binaryType = 'arraybuffer';
      this.#socket.onopen = () => {
        this._status = mpegts.LoaderStatus.kBuffering;
        events.opened();
      };
      this.#socket.onmessage = ({ data }) => this.#read(data);
      this.#socket.onclose = ({ code, reason }) => {
        this._status = mpegts.LoaderStatus.kComplete;
        events.closed(code, reason);
      };
    }

    abort() {
      if (!this.#socket) return;
      this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
      this.#socket.close();
      this.#socket = null;
      this._status = mpegts.LoaderStatus.kComplete;
    }

    destroy() {
      this.abort();
      super.destroy();
    }

    #read(data) {
      if (!(data instanceof ArrayBuffer)) return;
      const start = this.#received;
      this.#received += data.byteLength;
      events.data(new Uint8Array(data));
      try {
        this.onDataArrival?.(data, start, this.#received);
      } catch (error) {
        this.abort();
        events.broken(error);
      }
    }
  };
}

/** True when the node at `url` sends the stream: its socket opens and a first message comes in time. */
export function servesStream(url, timeout = 2500) {
  return new Promise((resolve) => {
    let socket;
    const done = (answer) => {
      clearTimeout(timer);
      if (socket) {
        socket.onmessage = socket.onclose = null;
        socket.close();
      }
      resolve(answer);
    };
    const timer = setTimeout(() => done(false), timeout);
    try {
      socket = new WebSocket(url);
    } catch {
      done(false);
      return;
    }
    socket.binaryType = 'arraybuffer';
    socket.onmessage = () => done(true);
    socket.onclose = () => done(false);
  });
}
