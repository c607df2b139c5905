// What `npm run bench:core` runs in every engine: bundled once, the same text for all of them.
import { backends, closeWorkers, createDecompressor, createDigester, createLayerStage } from '@stowage/core';
import type { DigestBackend } from '@stowage/core';
import type { DigestAlgorithm } from '@stowage/types';
import { createSHA256, createSHA512 } from 'hash-wasm';
import { Inflate } from 'pako';
import { best, compare } from '../support/compare.ts';
import type { Comparison, Contender } from '../support/compare.ts';
import { CHUNK, cut, nodeZlib, plainOf, through } from './codec-bench.ts';
import { benchGzip } from './gzip-program.ts';
import { benchZstd } from './zstd-program.ts';

/** One line of the table. */
export interface Measure extends Comparison {
  readonly what: string;
}

/** What an engine is told. */
export interface BenchOptions {
  readonly rounds: number;
}

/** What an engine answers. */
export interface BenchReport {
  /** What serves the core here. */
  readonly backends: Readonly<Record<string, string>>;
  readonly measures: readonly Measure[];
}

/** The chunk sizes of output that pako is tried with. */
const PAKO_CHUNKS = [16, 64, 256, 1024].map((kib) => kib * 1024);

/** Runs all benches over one gzip layer. */
export async function runBenches(layer: Uint8Array, { rounds }: BenchOptions): Promise<BenchReport> {
  const chunks = cut(layer);
  const measures: Measure[] = [];
  const measure = async (what: string, ours: Contender, theirs: Contender): Promise<void> => {
    measures.push({ what, ...(await compare(ours, theirs, rounds)) });
  };

  const chunkSize = await bestPakoChunk(chunks);
  const gunzip = { name: 'core', run: () => inflate(chunks) };
  await measure('gunzip / pako', gunzip, pako(chunks, chunkSize));
  const zlib = zlibGunzip(chunks);
  if (zlib !== undefined) await measure('gunzip / createGunzip', gunzip, zlib);
  else await measure('gunzip / DecompressionStream', gunzip, decompressionStream(chunks));

  const plain = await plainOf(chunks);
  const gzipSizes = await benchGzip(plain, measure);
  const zstdSizes = await benchZstd(plain, measure);

  for (const algorithm of ['sha256', 'sha512'] as const) {
    const theirs = await hashWasm(chunks, algorithm);
    await measure(`${algorithm} by wasm / hash-wasm`, digest(chunks, algorithm, 'wasm'), theirs);
    if (backends().sha256 !== 'wasm')
      await measure(`${algorithm} / hash-wasm`, digest(chunks, algorithm), theirs);
  }

  const libraries = await libraryJob(chunks, chunkSize);
  await measure('layer job / pako + hash-wasm', layerJob(chunks, false), libraries);
  await measure('layer job, worker / pako + hash-wasm', layerJob(chunks, true), libraries);
  await closeWorkers();
  const about = {
    ...backends(),
    'chunk of pako': `${String(chunkSize / 1024)} KiB`,
    ...gzipSizes,
    ...zstdSizes,
  };
  return { backends: about, measures };
}

async function bestPakoChunk(chunks: readonly Uint8Array[]): Promise<number> {
  const times: { readonly size: number; readonly time: number }[] = [];
  for (const size of PAKO_CHUNKS) times.push({ size, time: await best(pako(chunks, size), 3) });
  times.sort((one, other) => one.time - other.time);
  return times[0]?.size ?? CHUNK;
}

async function inflate(chunks: readonly Uint8Array[]): Promise<void> {
  const decompressor = createDecompressor({ onOutput: () => undefined });
  for (const chunk of chunks) await decompressor.write(chunk);
  await decompressor.end();
}

function pako(
  chunks: readonly Uint8Array[],
  chunkSize: number,
  onData: (bytes: Uint8Array) => void = () => undefined,
): Contender {
  return {
    name: 'pako',
    run() {
      const inflator = new Inflate({ chunkSize });
      inflator.onData = onData;
      for (const [index, chunk] of chunks.entries()) inflator.push(chunk, index === chunks.length - 1);
      if (inflator.err !== 0) throw new Error(inflator.msg);
    },
  };
}

function zlibGunzip(chunks: readonly Uint8Array[]): Contender | undefined {
  const zlib = nodeZlib();
  if (zlib === undefined) return undefined;
  const run = (): Promise<void> => through(zlib.createGunzip({ chunkSize: 256 * 1024 }), chunks);
  return { name: 'createGunzip', run };
}

function decompressionStream(chunks: readonly Uint8Array[]): Contender {
  return {
    name: 'DecompressionStream',
    async run() {
      const source = new ReadableStream<BufferSource>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk as Uint8Array<ArrayBuffer>);
          controller.close();
        },
      });
      const reader = source.pipeThrough(new DecompressionStream('gzip')).getReader();
      while (!(await reader.read()).done);
    },
  };
}

function digest(
  chunks: readonly Uint8Array[],
  algorithm: DigestAlgorithm,
  backend?: DigestBackend,
): Contender {
  return {
    name: 'core',
    async run() {
      const digester = await createDigester(algorithm, { backend });
      for (const chunk of chunks) digester.update(chunk);
      digester.digest();
    },
  };
}

async function hashWasm(chunks: readonly Uint8Array[], algorithm: 'sha256' | 'sha512'): Promise<Contender> {
  const hash = await (algorithm === 'sha256' ? createSHA256() : createSHA512());
  return {
    name: 'hash-wasm',
    run() {
      hash.init();
      for (const chunk of chunks) hash.update(chunk);
      hash.digest();
    },
  };
}

/** What a pull does with a layer: the digest of the blob, its inflation, and the digest of what comes out. */
function layerJob(chunks: readonly Uint8Array[], worker: boolean): Contender {
  return {
    name: 'core',
    async run() {
      const stage = await createLayerStage({ worker });
      for (const chunk of chunks) await stage.write(chunk);
      await stage.end();
    },
  };
}

async function libraryJob(chunks: readonly Uint8Array[], chunkSize: number): Promise<Contender> {
  const [blob, diff] = await Promise.all([createSHA256(), createSHA256()]);
  return {
    name: 'libraries',
    async run() {
      blob.init();
      diff.init();
      await pako(chunks, chunkSize, (bytes) => diff.update(bytes)).run();
      for (const chunk of chunks) blob.update(chunk);
      blob.digest();
      diff.digest();
    },
  };
}
