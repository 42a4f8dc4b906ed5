// The page of one stream: joins the player to what is on the screen.

import { codecName } from './codecs.js';
import { byId, make, setText } from './dom.js';
import * as format from './format.js';
import { watchPlace } from './place.js';
import { Player } from './player.js';

const REFRESH = 500; // ms between looks at the numbers

const place = watchPlace(window.location);
const video = byId('video');
const player = new Player(place, video);
window.sluice = { get state() { return player.state; }, get detail() { return player.detail; }, get stats() { return player.stats; } };

setText(byId('key'), place.key);
document.title = `${place.key} · Sluice`;
player.addEventListener('change', showState);
video.addEventListener('volumechange', showSound);
byId('sound').addEventListener('click', () => { video.muted = !video.muted; });
byId('play').addEventListener('click', () => player.play());
byId('fullscreen').addEventListener('click', toggleFullscreen);
setInterval(showStats, REFRESH);
showState();
showSound();
showStats();
void player.run();

function showState() {
  const { state, detail } = player;
  document.body.dataset.state = state;
  setText(byId('state'), state);
  setText(byId('veil-state'), state);
  setText(byId('detail'), detail);
  byId('play').hidden = !player.needsGesture;
}

function showSound() {
  const button = byId('sound');
  button.dataset.muted = video.muted;
  setText(byId('sound-label'), video.muted ? 'Unmute' : 'Mute');
}

function showStats() {
  const stats = player.stats;
  setText(byId('age'), format.seconds(stats.age_ms));
  setText(byId('buffer'), format.seconds(stats.age_ms === null ? null : stats.buffer_s * 1000));
  setText(byId('bitrate'), format.bitrate(stats.bitrate_bps));
  setText(byId('resolution'), stats.video || !stats.audio ? format.resolution(stats.width, stats.height) : 'audio only');
  setText(byId('codecs'), format.codecs(stats.video, stats.audio, codecName));
  setText(byId('viewers'), format.count(stats.viewers));
  byId('sound').hidden = !stats.audio;
  showPath(stats);
}

function showPath({ path, node, zone }) {
  const list = byId('path');
  const wanted = path.join(' ');
  if (list.dataset.path === wanted) return;
  list.dataset.path = wanted;
  list.replaceChildren(...path.map((id) => make('li', { className: id === node ? 'here' : '' }, id)));
  byId('served').hidden = path.length === 0;
  setText(byId('zone'), zone ? `zone ${zone}` : '');
}

function toggleFullscreen() {
  if (document.fullscreenElement) void document.exitFullscreen();
  else if (byId('stage').requestFullscreen) void byId('stage').requestFullscreen();
  else video.webkitEnterFullscreen?.();
}
