import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { withPage } from '../support/page.ts';
import type { ServedFile } from '../support/page.ts';
import { GZIP_DIGESTS } from './support/gzip-sample.ts';
import { findRuntimes } from './support/runtimes.ts';

/** What an application would serve: the entries and the parts that they share and load on demand. */
async function bundle(): Promise<Record<string, ServedFile>> {
  const { outputFiles } = await build({
    entryPoints: ['core-page.ts', 'core-worker.ts'].map((name) =>
      fileURLToPath(new URL(`support/${name}`, import.meta.url)),
    ),
    outdir: '/served',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@stowage/source'],
    write: false,
    logLevel: 'error',
  });
  return Object.fromEntries(
    outputFiles.map(({ path, contents }) => [
      `/${basename(path)}`,
      { type: 'text/javascript', body: contents },
    ]),
  );
}

describe.each(findRuntimes().filter(({ kind }) => kind === 'chromium'))('a page in $name', ({ path }) => {
  it.each([
    ['allows everything', {}, ['worker 1000000', 'worker 1000000', 'worker 1000000']],
    [
      'forbids blob: workers',
      { 'content-security-policy': "default-src 'self' 'unsafe-eval'" },
      ['thread 1000000', 'worker 1000000', 'worker 1000000'],
    ],
  ])('whose policy %s', async (_name, headers, places) => {
    const page = { type: 'text/html', body: '<!doctype html>', headers };
    const files = { ...(await bundle()), '/': page };
    const call = `import('/core-page.js').then((page) => page.stagesInPage('/core-worker.js'))`;
    expect(await withPage(path, files, (open) => open.evaluate(call))).toEqual(places);
  });

  it('compresses to the same bytes as every runtime, in workers too', async () => {
    const page = { type: 'text/html', body: '<!doctype html>' };
    const files = { ...(await bundle()), '/': page };
    const call = `import('/core-page.js').then((page) => page.gzipInPage('/core-worker.js'))`;
    const digests = await withPage(path, files, (open) => open.evaluate(call));
    expect(digests).toEqual([GZIP_DIGESTS, GZIP_DIGESTS]);
  });
});
