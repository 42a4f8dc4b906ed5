// Opens a watch page in headless Chromium and, once it plays, looks at it five times a second for SECONDS. Says
// "live" in a line after the first looks, and prints all it saw as one JSON object.
// usage: node page_timeline.mjs WEB_FOLDER URL SECONDS
import { look, onPage, pause, waitState } from './page.mjs';

const [webFolder, url, seconds] = process.argv.slice(2);
const START_LIMIT_MS = 30_000;
const FIRST_LOOKS = 5;

await onPage(webFolder, url, async (page) => {
  await waitState(page, 'live', START_LIMIT_MS);
  const samples = [];
  for (const end = Date.now() + Number(seconds) * 1000; Date.now() < end; await pause(200)) {
    // A page that is on its way to another address cannot be asked.
    const seen = await look(page).catch(() => null);
    if (seen && samples.push(seen) === FIRST_LOOKS) console.log('live');
  }
  return { samples };
});
