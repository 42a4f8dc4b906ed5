// Keeps the playhead near the live edge: a little faster when the buffer grows, a little slower when it is thin,
// a jump when it grew much (a tab that was in the background, a publisher that returned). The only one to touch
// playbackRate and currentTime.

const TARGET = 0.9; // seconds of buffer to keep
const TARGET_LIMIT = 1.6; // the most the target grows to after stalls
const SLACK = 0.35; // this much above the target is left alone
const JUMP = 1.2; // this much above the target is jumped over

/** What to do with `ahead` seconds of buffer: {jump: seconds to keep} or {rate}. */
export function chase(ahead, target, rate) {
  if (ahead > target + JUMP) return { jump: target };
  if (ahead > target + SLACK) return { rate: 1.1 };
  if (ahead < target / 2) return { rate: 0.95 };
  if (rate > 1 ? ahead < target : ahead >= target) return { rate: 1 };
  return { rate };
}

export class LiveEdge {
  target = TARGET;
  jumps = 0;
  #video;

  constructor(video) {
    this.#video = video;
  }

  /** Seconds between the playhead and the end of what is buffered. */
  get ahead() {
    const { buffered, currentTime } = this.#video;
    return buffered.length === 0 ? 0 : Math.max(0, buffered.end(buffered.length - 1) - currentTime);
  }

  /** Called a few times a second while playing. */
  step() {
    const { jump, rate } = chase(this.ahead, this.target, this.#video.playbackRate);
    if (jump !== undefined) this.jump(jump);
    else if (rate !== this.#video.playbackRate) this.#video.playbackRate = rate;
  }

  /** Puts the playhead `keep` seconds before the end, or at the start of what is buffered last. */
  jump(keep = this.target) {
    const { buffered } = this.#video;
    if (buffered.length === 0) return;
    const last = buffered.length - 1;
    const to = Math.max(buffered.start(last), buffered.end(last) - keep);
    if (to <= this.#video.currentTime) return;
    this.#video.currentTime = to;
    this.#video.playbackRate = 1;
    this.jumps += 1;
  }

  /** The buffer ran dry although bytes were flowing: keep more of it. */
  stalled() {
    this.target = Math.min(TARGET_LIMIT, this.target + 0.2);
  }
}
