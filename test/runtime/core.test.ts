import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../integration/support/run-command.ts';
import { findRuntimes } from './support/runtimes.ts';

/** What the program of the checks prints. */
interface Report {
  readonly backends: Readonly<Record<string, string>>;
  readonly results: Readonly<Record<string, string | null>>;
}

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stowage-core-'));
  script = join(folder, 'checks.mjs');
  await build({
    entryPoints: [fileURLToPath(new URL('support/core-checks.ts', import.meta.url))],
    outfile: script,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@stowage/source'],
    logLevel: 'error',
  });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

// Pages run the unit tests of the core instead.
describe('the core, against node:crypto and node:zlib', () => {
  it.each(findRuntimes().filter(({ kind }) => kind !== 'chromium'))('$name', async (runtime) => {
    const output = await runCommand(runtime.path, [...runtime.scriptArguments, script]);
    const { backends, results } = JSON.parse(output) as Report;
    expect(results).toEqual({
      digests: null,
      inflate: null,
      'zlib and raw': null,
      checkpoints: null,
      crc32: null,
      zstd: null,
      tar: null,
      'layer stage': null,
      'layer stage in a worker': null,
      gzip: null,
      'gzip in workers': null,
    });
    expect(backends).toMatchObject({ sha256: 'native', gunzip: 'wasm', gzip: 'wasm', worker: 'threads' });
  });
});
