// What the player does when its socket closes, by close code. `next`: 'now' reopen at once, 'backoff' after a
// growing wait, 'poll' when the API says the stream is live again; `elsewhere`: another edge may serve it.

export const CLOSE = { ended: 1000, goingAway: 1001, changed: 4001, draining: 4002, originLost: 4003, tooSlow: 4004 };

/** The node's close codes; anything else (1006 above all) is a lost connection. */
export function afterClose(code, reason) {
  switch (code) {
    case CLOSE.ended:
      return { next: 'poll', elsewhere: false, detail: 'the publisher ended the stream' };
    case CLOSE.changed:
      return { next: 'now', elsewhere: false, detail: 'the stream changed, reopening' };
    case CLOSE.draining:
      return { next: 'backoff', elsewhere: true, detail: 'this edge is going away, looking for another' };
    case CLOSE.originLost:
      return { next: 'poll', elsewhere: false, detail: 'the origin of the stream was lost' };
    case CLOSE.tooSlow:
      return { next: 'backoff', elsewhere: false, detail: 'this connection was too slow, reconnecting' };
    case CLOSE.goingAway:
      return { next: 'backoff', elsewhere: true, detail: 'the edge is shutting down, reconnecting' };
    default:
      return { next: 'backoff', elsewhere: false, detail: reason || 'the connection was lost, reconnecting' };
  }
}
