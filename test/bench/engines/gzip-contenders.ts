import type * as nodeZlib from 'node:zlib';
import { createCompressor } from '@stowage/core';
import { Deflate } from 'pako';
import type { Contender } from '../support/compare.ts';

type Chunks = readonly Uint8Array[];

/** Compresses with the core. */
export function coreGzip(chunks: Chunks, level: number, workers = 0): Contender {
  return {
    name: 'core',
    async run() {
      const compressor = await createCompressor({ level, workers, onOutput: () => undefined });
      for (const chunk of chunks) {
        const waiting = compressor.write(chunk);
        if (waiting !== undefined) await waiting;
      }
      await compressor.end();
    },
  };
}

/** Compresses with pako. */
export function pakoGzip(chunks: Chunks, level: 1 | 6): Contender {
  return {
    name: 'pako',
    run() {
      const deflate = new Deflate({ level, gzip: true, chunkSize: 64 * 1024 });
      deflate.onData = () => undefined;
      for (const [index, chunk] of chunks.entries()) deflate.push(chunk, index === chunks.length - 1);
    },
  };
}

/** Compresses with node:zlib, where the runtime has it. */
export function zlibGzip(chunks: Chunks): Contender | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: 'node:zlib'): unknown } };
  const zlib = process?.getBuiltinModule?.('node:zlib') as typeof nodeZlib | undefined;
  if (zlib === undefined) return undefined;
  return {
    name: 'createGzip',
    run: () =>
      new Promise((resolve, reject) => {
        const stream = zlib.createGzip({ level: 6, chunkSize: 256 * 1024 });
        stream
          .on('data', () => undefined)
          .on('end', resolve)
          .on('error', reject);
        for (const chunk of chunks) stream.write(chunk);
        stream.end();
      }),
  };
}
