import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { runCommand } from '../../integration/support/run-command.ts';
import { RUNTIME_NAMES, findRuntimes } from '../../runtime/support/runtimes.ts';
import type { Runtime } from '../../runtime/support/runtimes.ts';
import { withPage } from '../../support/page.ts';
import type { BenchOptions, BenchReport } from '../engines/core-program.ts';

/** What the benches run in: the Node that runs the script (Node 20 in CI), Deno, Bun and Chromium. */
export const ENGINES: readonly string[] = RUNTIME_NAMES.filter((name) => !/^node\d/.test(name));

/** The engines of this machine. */
export function findEngines(): readonly Runtime[] {
  return findRuntimes().filter(({ name }) => ENGINES.includes(name));
}

/** Runs the bench of the core in an engine, over one layer. */
export async function benchIn(
  engine: Runtime,
  layer: Uint8Array,
  options: BenchOptions,
): Promise<BenchReport> {
  return engine.kind === 'chromium'
    ? benchInPage(engine, layer, options)
    : benchInProcess(engine, layer, options);
}

async function benchInProcess(
  { path, scriptArguments }: Runtime,
  layer: Uint8Array,
  options: BenchOptions,
): Promise<BenchReport> {
  const folder = await mkdtemp(join(tmpdir(), 'stowage-bench-'));
  try {
    const [script, blob] = [join(folder, 'bench.mjs'), join(folder, 'layer.tar.gz')];
    await Promise.all([writeFile(script, await bundle('process.ts')), writeFile(blob, layer)]);
    const output = await runCommand(path, [...scriptArguments, script, blob, JSON.stringify(options)]);
    return JSON.parse(output) as BenchReport;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function benchInPage(
  { path }: Runtime,
  layer: Uint8Array,
  options: BenchOptions,
): Promise<BenchReport> {
  const files = {
    '/bench.js': { type: 'text/javascript', body: await bundle('page.ts') },
    '/layer': { type: 'application/octet-stream', body: layer },
  };
  const call = `benchInPage('/layer', ${JSON.stringify(options)})`;
  return withPage(path, files, (page) =>
    page.evaluate<BenchReport>(`import('/bench.js').then((bundle) => bundle.${call})`),
  );
}

/** One script, made the same way for all engines. */
export async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`../engines/${entry}`, import.meta.url))],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@stowage/source'],
    write: false,
    logLevel: 'error',
  });
  return outputFiles.map(({ text }) => text).join('');
}
