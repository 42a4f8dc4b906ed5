// Bundles the pages into an output folder (argument, default `dist`). Everything a browser loads is in it: nothing
// is fetched from another host, no script is inline, and all links are relative, so any path prefix works.

import { build } from 'esbuild';
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join, resolve } from 'node:path';

const source = fileURLToPath(new URL('src/', import.meta.url));
const out = resolve(process.argv[2] ?? fileURLToPath(new URL('dist/', import.meta.url)));

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
await build({
  entryPoints: { 'app-index': join(source, 'index.js'), 'app-watch': join(source, 'watch.js'), style: join(source, 'style.css') },
  outdir: out,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
  pure: ['console.log', 'console.debug'],
  logLevel: 'warning',
});
await copyFile(join(source, 'favicon.svg'), join(out, 'favicon.svg'));
await copyFile(join(source, 'index.html'), join(out, 'index.html'));

// The page of a stream lies as deep as its key has segments; each depth has a page with the way up to the prefix.
const watch = await readFile(join(source, 'watch.html'), 'utf8');
const twoUp = '<base href="../../">';
if (!watch.includes(twoUp)) throw new Error(`watch.html: ${twoUp} is missing`);
for (const depth of [1, 2, 3, 4]) {
  const name = depth === 2 ? 'watch.html' : `watch-${depth}.html`;
  await writeFile(join(out, name), watch.replace(twoUp, `<base href="${'../'.repeat(depth)}">`));
}
