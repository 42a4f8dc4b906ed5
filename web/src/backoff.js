// Waiting between attempts: doubles from `first` to `last` milliseconds, each wait drawn from its upper half,
// so that viewers cut off together do not return together.

export class Backoff {
  #attempt = 0;

  constructor({ first = 500, last = 10000, random = Math.random } = {}) {
    this.first = first;
    this.last = last;
    this.random = random;
  }

  /** Milliseconds to wait before the next attempt. */
  next() {
    const full = Math.min(this.last, this.first * 2 ** this.#attempt);
    this.#attempt += 1;
    return Math.max(this.first, full * (0.5 + this.random() / 2));
  }

  reset() {
    this.#attempt = 0;
  }
}

/** `ms` give or take a fifth. */
export function jitter(ms, random = Math.random) {
  return ms * (0.8 + 0.4 * random());
}

/** Resolves after `ms`, or at once when the signal aborts. */
export function sleep(ms, signal) {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
