import type { Transform } from 'node:stream';
import type * as zlib from 'node:zlib';
import { createDecompressor } from '@stowage/core';
import type { Contender } from '../support/compare.ts';

/** Bytes in the pieces in which they arrive. */
export type Chunks = readonly Uint8Array[];

/** Measures ours against theirs. */
export type MeasurePair = (what: string, ours: Contender, theirs: Contender) => Promise<void>;

/** What arrives from the network at a time. */
export const CHUNK: number = 64 * 1024;

/** The same bytes in pieces of {@link CHUNK}. */
export function cut(whole: Uint8Array): Uint8Array[] {
  return Array.from({ length: Math.ceil(whole.length / CHUNK) }, (_, index) =>
    whole.subarray(index * CHUNK, (index + 1) * CHUNK),
  );
}

/** What a run gives out, in pieces of {@link CHUNK}. */
export async function gather(run: (take: (bytes: Uint8Array) => void) => Promise<void>): Promise<Chunks> {
  const parts: Uint8Array[] = [];
  await run((bytes) => parts.push(bytes.slice()));
  return cut(new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()));
}

/** What a gzip layer contains. */
export function plainOf(gzipped: Chunks): Promise<Chunks> {
  return gather(async (take) => {
    const decompressor = createDecompressor({ onOutput: take });
    for (const chunk of gzipped) await decompressor.write(chunk);
    await decompressor.end();
  });
}

/** Puts chunks through a stream of Node's. */
export function through(
  stream: Transform,
  chunks: Chunks,
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

/** node:zlib, where the runtime has it. */
export function nodeZlib(): typeof zlib | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: 'node:zlib'): unknown } };
  return process?.getBuiltinModule?.('node:zlib') as typeof zlib | undefined;
}

/** How many bytes chunks have in all. */
export function lengthOf(chunks: Chunks): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

/** The same for people. */
export function mebibytes(chunks: Chunks): string {
  return `${(lengthOf(chunks) / 2 ** 20).toFixed(2)} MiB`;
}
