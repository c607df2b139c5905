// `npm run bench:core [-- --quick | --full] [-- --engine=node]`: the core against the libraries that people would use
// instead, in every engine, as ratios of one interleaved run. It takes two to three minutes; `--full` takes a layer
// several times as long, `--quick` a shorter one and fewer rounds.
import { loadavg } from 'node:os';
import { buildLayer } from '../support/image-builder.ts';
import type { Measure } from './engines/core-program.ts';
import { benchIn, ENGINES, findEngines } from './support/engines.ts';
import { realisticEntries } from './support/layer-data.ts';

/** How many times as fast the core is to be, by measure and engine; an engine that is not named has no such line. */
const GOALS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'gunzip / pako': { node: 5, deno: 2.8, bun: 4, chromium: 5.5 },
  'gunzip / createGunzip': { node: 1.6, deno: 1.6, bun: 1.6 },
  'gunzip / DecompressionStream': { chromium: 4 },
  'gzip -6 / pako': { node: 2.7, deno: 2.7, bun: 2.7, chromium: 2.7 },
  'gzip -1 / pako': { node: 3.5, deno: 3.5, bun: 3.5, chromium: 3.5 },
  'gzip -6, two workers / one thread': { node: 1.5, deno: 1.5, bun: 1.5, chromium: 1.5 },
  'gzip -6 / createGzip': { node: 1.1, deno: 1.1, bun: 1.1 },
  'unzstd by wasm / fzstd': { node: 4, deno: 4, bun: 4, chromium: 4 },
  'sha256 by wasm / hash-wasm': { node: 1.4, deno: 1.4, bun: 1.4, chromium: 1.4 },
  'sha256 / hash-wasm': { node: 1.4, deno: 1.4, bun: 1.4 },
  'sha512 by wasm / hash-wasm': { node: 2, deno: 2, bun: 2, chromium: 2 },
  'sha512 / hash-wasm': { node: 2, deno: 2, bun: 2 },
  'layer job / pako + hash-wasm': { node: 4.2, chromium: 3.5 },
  'layer job, worker / pako + hash-wasm': { node: 5 },
};

/** Machine code and source text. */
const PACKAGES = ['@esbuild', 'eslint'];
const MORE_PACKAGES = ['@esbuild', '@rolldown', 'lightningcss-linux-x64-gnu', 'typescript', 'prettier'];

/** Runs the benches; answers the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const quick = args.includes('--quick');
  const wanted = args.flatMap((arg) => (arg.startsWith('--engine=') ? [arg.slice('--engine='.length)] : []));
  const rounds = quick ? 3 : 7;
  const packages = args.includes('--full') ? MORE_PACKAGES : quick ? PACKAGES.slice(-1) : PACKAGES;
  const { bytes } = buildLayer(await realisticEntries(packages));
  console.log(
    `gzip layer of ${(bytes.length / 1e6).toFixed(1)} MB; ratios are times as fast, medians of ${String(rounds)} interleaved rounds; cpu: the same of processor time`,
  );
  const found = new Map(findEngines().map((engine) => [engine.name, engine]));
  for (const name of ENGINES) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    const engine = found.get(name);
    if (engine === undefined) {
      console.log(`\n${name}: not installed here, so not measured`);
      continue;
    }
    const { backends, measures } = await benchIn(engine, bytes, { rounds });
    console.log(
      `\n${name}: ${Object.entries(backends)
        .map((pair) => pair.join(' '))
        .join(', ')}`,
    );
    for (const measure of measures) console.log(lineOf(name, measure));
    console.log(`${name.padEnd(9)}  load average of the machine by then ${loadavg()[0]?.toFixed(1) ?? '?'}`);
  }
  return 0;
}

function lineOf(engine: string, { what, ratio, cpuRatio, ours, theirs }: Measure): string {
  const goal = GOALS[what]?.[engine];
  const verdict =
    goal === undefined ? 'no goal' : `goal ${goal.toFixed(1)} ${ratio >= goal ? 'met' : 'missed'}`;
  const cpu = cpuRatio === undefined ? '' : `cpu ${cpuRatio.toFixed(2)}`;
  const times = `${ours.toFixed(0)} ms against ${theirs.toFixed(0)} ms`;
  return [
    engine.padEnd(9),
    what.padEnd(38),
    ratio.toFixed(2).padStart(6),
    verdict.padEnd(16),
    cpu.padEnd(10),
    times,
  ]
    .join('  ')
    .trimEnd();
}
