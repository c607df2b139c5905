import type { Transform } from 'node:stream';
import { createDecompressor, createZstdCompressor } from '@stowage/core';
import type { ZstdBackend } from '@stowage/core';
import { Decompress } from 'fzstd';
import { CHUNK, gather, mebibytes, nodeZlib, through } from './codec-bench.ts';
import type { Chunks, MeasurePair } from './codec-bench.ts';
import type { Contender } from '../support/compare.ts';

/** What is used of node:zlib where it has zstd; the types of Node 20 do not have it. */
interface ZstdOfZlib {
  readonly constants: Readonly<Record<'ZSTD_c_compressionLevel' | 'ZSTD_c_checksumFlag', number>>;
  createZstdCompress(options: {
    readonly chunkSize: number;
    readonly params: Readonly<Record<number, number>>;
  }): Transform;
  createZstdDecompress(options: { readonly chunkSize: number }): Transform;
}

/**
 * Benches zstd over the content of a layer, compressed by the core, against fzstd and, where it has zstd, node:zlib.
 * Answers sizes.
 */
export async function benchZstd(plain: Chunks, measure: MeasurePair): Promise<Record<string, string>> {
  const compressed = await gather((take) => compress(plain, take));
  const sizes = { 'zstd output': mebibytes(compressed) };
  await measure('unzstd by wasm / fzstd', decompressor(compressed, 'wasm'), fzstd(compressed));
  await measure('unzstd by plain TypeScript / fzstd', decompressor(compressed, 'js'), fzstd(compressed));
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

async function compress(chunks: Chunks, take: (bytes: Uint8Array) => void): Promise<void> {
  const compressor = await createZstdCompressor({ onOutput: take });
  for (const chunk of chunks) compressor.write(chunk);
  compressor.end();
}

function decompressor(chunks: Chunks, zstdBackend: ZstdBackend): Contender {
  return {
    name: 'core',
    async run() {
      const opened = createDecompressor({ zstdBackend, onOutput: () => undefined });
      for (const chunk of chunks) await opened.write(chunk);
      await opened.end();
    },
  };
}

function fzstd(chunks: Chunks): Contender {
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
  const zlib: object | undefined = nodeZlib();
  return zlib !== undefined && 'createZstdCompress' in zlib ? (zlib as ZstdOfZlib) : undefined;
}
