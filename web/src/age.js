// The age of the picture: how long ago the origin appended the tag that is on the screen. The publisher's clock
// drifts, so age is measured through the newest (timestamp, unix ms) pair the node knows, in the node's time.

/** Offset of the node's clock to this machine's, from answers carrying `now_unix_ms`. */
export class NodeClock {
  #samples = [];

  /** One answer: sent and received in this machine's unix ms. */
  add(sent, received, nodeUnixMs) {
    this.#samples.push({ rtt: received - sent, offset: nodeUnixMs - (sent + received) / 2 });
    if (this.#samples.length > 8) this.#samples.shift();
  }

  /** Milliseconds to add to Date.now(): from the recent answer with the shortest round trip. */
  get offset() {
    if (this.#samples.length === 0) return 0;
    return this.#samples.reduce((best, sample) => (sample.rtt < best.rtt ? sample : best)).offset;
  }
}

/**
 * Age in ms. `newest` is {timestamp_ms, unix_ms}; `playheadTimestamp` the FLV timestamp (ms) on the screen.
 * Null while either is unknown.
 */
export function pictureAge(nodeNow, newest, playheadTimestamp) {
  if (!newest || playheadTimestamp === null) return null;
  return nodeNow - (newest.unix_ms + (playheadTimestamp - newest.timestamp_ms));
}
