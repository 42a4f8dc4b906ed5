// The list of live streams. Asks the node every two seconds while the page is visible.

import { Api } from './api.js';
import { jitter, sleep } from './backoff.js';
import { codecName } from './codecs.js';
import { byId, copyText, make, setText } from './dom.js';
import * as format from './format.js';
import { encodeKey, indexPlace, publishServer } from './place.js';

const POLL = 2000;
const NOTICES = {
  stale: 'No directory answers: this list is as of the last time one did.',
  none: 'No directory is known: only what this node carries is listed.',
};

const api = new Api(indexPlace(window.location).base);
const cards = new Map();

showPublishing([]);
for (const button of document.querySelectorAll('button[data-copy]')) {
  button.addEventListener('click', () => copyFrom(button));
}
void refreshForEver();

async function refreshForEver() {
  for (;;) {
    if (document.visibilityState === 'visible') await refresh();
    await sleep(jitter(POLL));
  }
}

async function refresh() {
  show(await api.streams());
  if (document.body.dataset.list !== 'empty') return;
  const { status, body } = await api.publish();
  if (status === 200 && Array.isArray(body?.rtmp)) showPublishing(body.rtmp);
}

function show({ status, body }) {
  if (status !== 200 || !Array.isArray(body?.streams)) {
    notice('This node does not answer; trying again.');
    document.body.dataset.list ??= 'unknown';
    return;
  }
  notice(NOTICES[body.directory] ?? '');
  const streams = [...body.streams].sort((a, b) => (a.key < b.key ? -1 : 1));
  document.body.dataset.list = streams.length === 0 ? 'empty' : 'some';
  setText(byId('count'), streams.length === 0 ? '' : String(streams.length));
  dropOld(new Set(streams.map(({ key }) => key)));
  streams.forEach((stream, place) => showCard(stream, place));
}

function notice(text) {
  setText(byId('notice'), text);
  byId('notice').hidden = text === '';
}

function dropOld(keys) {
  for (const [key, card] of cards) {
    if (keys.has(key)) continue;
    card.item.remove();
    cards.delete(key);
  }
}

function showCard(stream, place) {
  let card = cards.get(stream.key);
  if (!card) cards.set(stream.key, (card = makeCard(stream.key)));
  const list = byId('streams');
  if (list.children[place] !== card.item) list.insertBefore(card.item, list.children[place] ?? null);
  card.item.dataset.state = stream.state;
  setText(card.state, stream.state);
  const size = stream.video && stream.width && stream.height ? [format.resolution(stream.width, stream.height)] : [];
  setText(card.media, [...size, format.codecs(stream.video, stream.audio, codecName)].join(' · '));
  const viewers = `${format.count(stream.viewers)} ${stream.viewers === 1 ? 'viewer' : 'viewers'}`;
  const since = stream.since_unix_ms ? [`on air ${format.duration(Date.now() - stream.since_unix_ms)}`] : [];
  setText(card.facts, [viewers, ...since, ...(stream.origin ? [stream.origin] : [])].join(' · '));
}

function makeCard(key) {
  const state = make('span', { className: 'pill' });
  const media = make('p', { className: 'media' });
  const facts = make('p', { className: 'facts' });
  const head = make('div', { className: 'head' }, make('h2', {}, key), state);
  const link = make('a', { href: `watch/${encodeKey(key)}` }, head, media, facts);
  return { item: make('li', { className: 'card' }, link), state, media, facts };
}

function showPublishing(addresses) {
  const server = publishServer(addresses, window.location.hostname);
  if (byId('obs-server').textContent === server) return;
  const line = ['ffmpeg -re', '-f lavfi', '-i testsrc2=size=1280x720:rate=30', '-f lavfi', '-i sine', '-c:v libx264',
    '-preset veryfast', '-tune zerolatency', '-g 60', '-c:a aac', '-f flv', `${server}/room1`];
  byId('ffmpeg').replaceChildren(...line.flatMap((part) => [make('span', {}, part), ' ']).slice(0, -1));
  setText(byId('obs-server'), server);
  setText(byId('obs-key'), 'room1');
  byId('origin-hint').hidden = !server.includes('ORIGIN');
}

async function copyFrom(button) {
  const done = await copyText(byId(button.dataset.copy).textContent).then(() => true, () => false);
  setText(button, done ? 'Copied' : 'Not copied');
  await sleep(1500);
  setText(button, 'Copy');
}
