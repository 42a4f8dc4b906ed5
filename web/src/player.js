// The player of one stream: asks the API, opens the socket, says what is going on, and starts again whenever it can.
// It knows the video element but no other part of the page; the page reads `state`, `detail` and `stats`.

import { Api, isUnreachable } from './api.js';
import { NodeClock, pictureAge } from './age.js';
import { Backoff, jitter, sleep } from './backoff.js';
import { afterClose } from './closing.js';
import { cannotDecodeText, undecodable } from './codecs.js';
import { servesStream } from './flv-socket.js';
import { LiveEdge } from './live-edge.js';
import { placeOnEdge, socketUrl, watchUrl } from './place.js';
import { Session } from './session.js';

const POLL = 2000; // ms between questions to the API
const STEP = 250; // ms between looks at the buffer
const SILENT = 800; // ms without bytes after which the stream may be paused
const DEAD = 8000; // ms without bytes, though live, after which the socket is given up
const DEAD_UNREACHABLE = 4000; // the same while the API does not answer either
const EDGES_EVERY = 30000; // ms between looks at the list of edges
const GO_ELSEWHERE_AFTER = 2; // unanswered questions, or refused sockets, after which other edges are tried

export class Player extends EventTarget {
  state = 'starting';
  detail = '';
  /** True when the browser refused to play without a gesture. */
  needsGesture = false;
  reconnects = 0;

  #place;
  #api;
  #video;
  #edge;
  #session = null;
  #info = null;
  #reachable = true;
  #unanswered = 0;
  #refused = 0;
  #clock = new NodeClock();
  #backoff = new Backoff();
  #edges = [];
  #edgesAt = -Infinity;

  constructor(place, video) {
    super();
    this.#place = place;
    this.#api = new Api(place.base);
    this.#video = video;
    this.#edge = new LiveEdge(video);
    video.addEventListener('waiting', () => this.#onWaiting());
    document.addEventListener('visibilitychange', () => this.#onVisible());
  }

  /** Runs for as long as the page lives. */
  async run() {
    setInterval(() => this.#step(), STEP);
    for (;;) {
      const wait = await this.#attempt();
      if (wait === null) return;
      await sleep(wait);
    }
  }

  /** Tries to play again, now that the user has touched the page. */
  async play() {
    try {
      await this.#video.play();
      this.needsGesture = false;
    } catch (error) {
      this.needsGesture = error.name === 'NotAllowedError';
    }
    this.#changed();
  }

  get stats() {
    const quality = this.#video.getVideoPlaybackQuality?.();
    const info = this.#info ?? {};
    return {
      age_ms: this.#age(),
      bitrate_bps: this.#session?.bitrate ?? null,
      width: this.#video.videoWidth || info.width || null,
      height: this.#video.videoHeight || info.height || null,
      buffer_s: this.#session ? this.#edge.ahead : 0,
      buffer_target_s: this.#edge.target,
      node: info.node ?? null,
      zone: info.zone ?? '',
      path: info.path ?? [],
      upstream: info.upstream ?? null,
      viewers: info.viewers ?? null,
      video: info.video ?? null,
      audio: info.audio ?? null,
      epoch: info.epoch ?? null,
      grace_left_ms: info.grace_left_ms ?? null,
      base_timestamp_ms: this.#session?.scanner.base ?? null,
      playhead_timestamp_ms: this.#session?.playhead(this.#video.currentTime) ?? null,
      total_video_frames: quality?.totalVideoFrames ?? 0,
      dropped_video_frames: quality?.droppedVideoFrames ?? 0,
      current_time_s: this.#video.currentTime,
      playback_rate: this.#video.playbackRate,
      jumps: this.#edge.jumps,
      reconnects: this.reconnects,
    };
  }

  /** One round: ask, and play if there is something to play. The ms to wait before the next; null for never. */
  async #attempt() {
    const answer = await this.#ask();
    if (isUnreachable(answer)) {
      this.#show('edge unreachable', 'the edge does not answer, trying again');
      if (this.#unanswered >= GO_ELSEWHERE_AFTER) await this.#goElsewhere();
      return this.#backoff.next();
    }
    if (answer.status === 400) {
      this.#show('not found', 'no stream can have this key: it is app/name, such as live/room1');
      return null;
    }
    if (answer.status !== 200 || answer.body.state === 'not_live') return this.#notPlaying(answer);
    const codec = undecodable([answer.body.video, answer.body.audio], (type) => mediaSource()?.isTypeSupported(type));
    if (codec) {
      this.#show('cannot decode', cannotDecodeText(codec));
      return jitter(POLL);
    }
    return this.#playOnce();
  }

  #notPlaying({ status, body }) {
    this.#backoff.reset();
    if (status === 200 || body?.error === 'not_live') {
      if (this.state !== 'not live') this.#show('not live', 'it starts here by itself when someone publishes');
    } else if (status === 404) {
      this.#show('not found', 'the edge knows no such stream');
    } else {
      this.#show('starting', `the edge answers ${status}${body?.message ? `: ${body.message}` : ''}`);
    }
    return jitter(POLL);
  }

  async #playOnce() {
    if (this.state !== 'starting') this.#show('starting', '');
    const session = new Session(this.#video, socketUrl(this.#place));
    this.#session = session;
    void this.play();
    const stopPolling = new AbortController();
    void this.#poll(stopPolling.signal);
    const end = await session.over;
    stopPolling.abort();
    const wasGood = session.lastDataAt !== null && performance.now() - session.openedAt > 5000;
    this.#session = null;
    session.close();
    this.reconnects += 1;
    if (wasGood) this.#backoff.reset();
    this.#refused = session.openedAt === null ? this.#refused + 1 : 0;
    return this.#afterSession(end, session.openedAt !== null, wasGood);
  }

  async #afterSession(end, wasOpen, wasGood) {
    if (end.why === 'codec') {
      this.#show('cannot decode', cannotDecodeText(end.codec));
      return jitter(2 * POLL);
    }
    if (end.why === 'media') {
      this.#show('starting', `the picture broke, reconnecting (${end.message})`);
      return this.#backoff.next();
    }
    const { next, elsewhere, detail } = afterClose(end.code, wasOpen ? end.reason : 'the edge refused the connection, trying again');
    if (next === 'poll') {
      this.#backoff.reset();
      this.#show('not live', detail);
      return jitter(POLL / 4);
    }
    this.#show('starting', detail);
    if (elsewhere || this.#refused >= GO_ELSEWHERE_AFTER) await this.#goElsewhere();
    return next === 'now' && wasGood ? 0 : this.#backoff.next();
  }

  async #poll(signal) {
    while (!signal.aborted) {
      await sleep(this.state === 'paused' ? POLL / 2 : jitter(POLL), signal);
      if (signal.aborted) return;
      await this.#ask();
      if (performance.now() - this.#edgesAt > EDGES_EVERY) await this.#learnEdges();
    }
  }

  async #ask() {
    const answer = await this.#api.stream(this.#place.encodedKey);
    this.#reachable = !isUnreachable(answer);
    this.#unanswered = this.#reachable ? 0 : this.#unanswered + 1;
    if (answer.status === 200 && answer.body) {
      this.#info = answer.body;
      this.#clock.add(...answer.rtt, answer.body.now_unix_ms);
    } else if (this.#reachable) {
      this.#info = null;
    }
    return answer;
  }

  async #learnEdges() {
    const { status, body } = await this.#api.edges();
    if (status !== 200 || !Array.isArray(body?.edges)) return;
    this.#edgesAt = performance.now();
    this.#edges = body.edges.map(({ url }) => placeOnEdge(this.#place, url)).filter(Boolean);
  }

  /** Moves the page to another edge that serves the stream, when there is one. */
  async #goElsewhere() {
    await this.#learnEdges();
    for (const place of shuffled(this.#edges)) {
      if (!(await servesStream(socketUrl(place)))) continue;
      window.location.replace(watchUrl(place));
      await new Promise(() => {});
    }
  }

  /** A few times a second while there is a session: the buffer, and the words that follow from it. */
  #step() {
    const session = this.#session;
    if (!session) return;
    if (!this.#video.paused) this.#edge.step();
    const away = this.#info?.state === 'paused' || this.#info?.state === 'orphaned';
    if (session.silence > (this.#reachable ? (away ? Infinity : DEAD) : DEAD_UNREACHABLE)) {
      session.close();
      return;
    }
    if (session.silence > SILENT && away) {
      const who = this.#info.state === 'paused' ? 'publisher' : 'origin';
      this.#show('paused', `the ${who} is away, waiting`);
    } else if (this.needsGesture) {
      this.#show('starting', 'this browser plays only after a click');
    } else if (session.lastDataAt !== null && session.silence <= SILENT && this.#moves()) {
      this.#show('live', '');
    }
  }

  #moves() {
    return this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && this.#video.currentTime > 0;
  }

  #age() {
    if (!this.#session || !this.#moves()) return null;
    const now = Date.now() + this.#clock.offset;
    return pictureAge(now, this.#info?.newest ?? null, this.#session.playhead(this.#video.currentTime));
  }

  #onWaiting() {
    const flowing = this.#session && this.#session.silence < SILENT;
    if (this.state === 'live' && flowing && document.visibilityState === 'visible') this.#edge.stalled();
  }

  #onVisible() {
    if (document.visibilityState !== 'visible' || !this.#session) return;
    if (this.#edge.ahead > 1.5) this.#edge.jump();
    if (this.#video.paused) void this.play();
  }

  #show(state, detail) {
    if (this.state === state && this.detail === detail) return;
    this.state = state;
    this.detail = detail;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

function mediaSource() {
  return window.MediaSource ?? window.ManagedMediaSource;
}

function shuffled(list) {
  return list.map((item) => [Math.random(), item]).sort((a, b) => a[0] - b[0]).map(([, item]) => item);
}
