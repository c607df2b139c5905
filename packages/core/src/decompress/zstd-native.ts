import type { ZlibStream } from './node-engine.ts';
import { builtinModule } from '../platform/platform.ts';

/** Makes a decompressing stream of node:zlib. */
export type CreateZstdDecompress = (options: { readonly chunkSize: number }) => ZlibStream;

/** node:zlib's zstd, where it has it: Node from 22.15 on, Deno, Bun. */
export function nativeZstd(): CreateZstdDecompress | undefined {
  const zlib = builtinModule('node:zlib') as { createZstdDecompress?: CreateZstdDecompress } | undefined;
  return zlib?.createZstdDecompress;
}
