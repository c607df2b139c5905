import type { Transform } from 'node:stream';
import { createDecompressor, createZstdCompressor } from '@stowage/core';
import type { ZstdBackend } from '@stowage/core';
import { Decompress } from 'fzstd';
import type { Contender } from '../support/compare.ts';

type MeasurePair = (what: string, ours: Contender, theirs: Contender) => Promise<void>;

/** What is used of node:zlib where it has zstd; the types of Node 20 do not have it. */
interface ZstdOfZlib {
  readonly constants: Readonly<Record<'ZSTD_c_compressionLevel' | 'ZSTD_c_checksumFlag', number>>;
  createZstdCompress(options: {
    readonly chunkSize: number;
    readonly params: Readonly<Record<number, number>>;
  }): Transform;
  createZstdDecompress(options: { readonly chunkSize: number }): Transform;
}

const CHUNK = 64 * 1024;

/**
 * Benches zstd over the content of a gzip layer, compressed by the core, against fzstd and, where it has zstd, node:zlib.
 * Answers sizes.
 */
export async function benchZstd(
  gzipped: readonly Uint8Array[],
  measure: MeasurePair,
): Promise<Record<string, string>> {
  const plain = await gather(async (take) => {
    const decompressor = createDecompressor({ onOutput: take });
    for (const chunk of gzipped) await decompressor.write(chunk);
    await decompressor.end();
  });
  const compressed = await gather((take) => compress(plain, take));
  const sizes = { 'zstd output': mebibytes(compressed) };
  await measure('unzstd by wasm / fzstd', decompressor(compressed, 'wasm'), fzstd(compressed));
  const zlib = zlibWithZstd();
  if (zlib === undefined) return sizes;
  await measure(
    'unzstd by wasm / node:zlib, in the core',
    decompressor(compressed, 'wasm'),
    decompressor(compressed, 'zlib'),
  );
  await measure('unzstd by wasm / createZstdDecompress', decompressor(compressed, 'wasm'), {
    name: 'createZstdDecompress',
    run: () => through(zlib.createZstdDecompress({ chunkSize: 4 * CHUNK }), compressed),
  });
  const level1 = (): Transform =>
    zlib.createZstdCompress({
      chunkSize: 4 * CHUNK,
      params: { [zlib.constants.ZSTD_c_compressionLevel]: 1, [zlib.constants.ZSTD_c_checksumFlag]: 1 },
    });
  await measure(
    'zstd / createZstdCompress, level 1',
    { name: 'core', run: () => compress(plain, () => undefined) },
    { name: 'createZstdCompress', run: () => through(level1(), plain) },
  );
  const theirs = await gather((take) => through(level1(), plain, take));
  return { ...sizes, 'of node:zlib, level 1': mebibytes(theirs) };
}

async function gather(run: (take: (bytes: Uint8Array) => void) => Promise<void>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  await run((bytes) => parts.push(bytes.slice()));
  const whole = new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  return Array.from({ length: Math.ceil(whole.length / CHUNK) }, (_, index) =>
    whole.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
}

async function compress(chunks: readonly Uint8Array[], take: (bytes: Uint8Array) => void): Promise<void> {
  const compressor = await createZstdCompressor({ onOutput: take });
  for (const chunk of chunks) compressor.write(chunk);
  compressor.end();
}

function decompressor(chunks: readonly Uint8Array[], zstdBackend: ZstdBackend): Contender {
  return {
    name: 'core',
    async run() {
      const opened = createDecompressor({ zstdBackend, onOutput: () => undefined });
      for (const chunk of chunks) await opened.write(chunk);
      await opened.end();
    },
  };
}

function fzstd(chunks: readonly Uint8Array[]): Contender {
  return {
    name: 'fzstd',
    run() {
      const opened = new Decompress(() => undefined);
      for (const [index, chunk] of chunks.entries()) opened.push(chunk, index === chunks.length - 1);
    },
  };
}

/** node:zlib, where it has zstd: Node from 22.15 on, Deno, Bun. */
function zlibWithZstd(): ZstdOfZlib | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: 'node:zlib'): unknown } };
  const zlib = process?.getBuiltinModule?.('node:zlib') as Partial<ZstdOfZlib> | undefined;
  return zlib?.createZstdCompress === undefined ? undefined : (zlib as ZstdOfZlib);
}

function through(
  stream: Transform,
  chunks: readonly Uint8Array[],
  take: (bytes: Uint8Array) => void = () => undefined,
): Promise<void> {
  return new Promise((resolve, reject) => {
    stream
      .on('data', take)
      .on('end', () => {
        resolve();
      })
      .on('error', reject);
    for (const chunk of chunks) stream.write(chunk);
    stream.end();
  });
}

function mebibytes(chunks: readonly Uint8Array[]): string {
  const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  return `${(length / 2 ** 20).toFixed(2)} MiB`;
}
