// Opens a watch page in headless Chromium, waits until it says STATE, and prints, as one JSON object, what it
// played in the SECONDS after that.
// usage: node page_state.mjs WEB_FOLDER URL STATE SECONDS
import { look, onPage, pause, waitState } from './page.mjs';

const [webFolder, url, state, seconds] = process.argv.slice(2);
const STATE_LIMIT_MS = 20_000;

await onPage(webFolder, url, async (page) => {
  const before = await waitState(page, state, STATE_LIMIT_MS);
  await pause(Number(seconds) * 1000);
  const after = await look(page);
  return {
    state: after.state,
    detail: after.detail,
    frames: after.frames - before.frames,
    seconds: after.time - before.time,
    width: after.width,
  };
});
