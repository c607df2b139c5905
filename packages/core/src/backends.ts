import { crc32Backend } from './inflate/crc32.ts';
import type { Crc32Backend } from './inflate/crc32.ts';
import { gzipBackend } from './deflate/compressor.ts';
import type { GzipBackend } from './deflate/compressor-types.ts';
import { gunzipBackend, zstdBackend } from './decompress/format-decoder.ts';
import type { GunzipBackend, ZstdBackend } from './decompress/decompress-options.ts';
import { digestBackend } from './digest/digester.ts';
import type { DigestBackend } from './digest/digester.ts';
import { workerBackend } from './workers/worker-backend.ts';
import type { WorkerBackend } from './workers/worker-backend.ts';

/** What this runtime does its work with. */
export interface Backends {
  readonly sha256: DigestBackend;
  /** For sha384 too. */
  readonly sha512: DigestBackend;
  readonly gunzip: GunzipBackend;
  readonly gzip: GzipBackend;
  readonly zstd: ZstdBackend;
  readonly crc32: Crc32Backend;
  /** What workers are made with. That they can be made is not sure: a page's policy may forbid it. */
  readonly worker: WorkerBackend;
}

/**
 * Tells what this runtime is served by where the caller leaves the choice, for people who ask. Loads nothing.
 *
 * @example
 * ```ts
 * import { backends } from '@stowage/core';
 *
 * console.log(backends().sha256); // native
 * ```
 */
export function backends(): Backends {
  return {
    sha256: digestBackend(),
    sha512: digestBackend(),
    gunzip: gunzipBackend(),
    gzip: gzipBackend(),
    zstd: zstdBackend(),
    crc32: crc32Backend(),
    worker: workerBackend(),
  };
}
