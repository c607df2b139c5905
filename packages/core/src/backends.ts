import { nativeCrc32 } from './crc32.ts';
import { gunzipBackend } from './decompressor.ts';
import type { GunzipBackend } from './decompressor.ts';
import { digestBackend } from './digester.ts';
import type { DigestBackend } from './digester.ts';
import { nativeZstd } from './zstd-node.ts';

/** What this runtime does its work with. */
export interface Backends {
  /** Digests; `js` knows sha256 only. */
  readonly digest: DigestBackend;
  readonly gunzip: GunzipBackend;
  readonly zstd: 'zlib' | 'none';
  readonly crc32: 'zlib' | 'js';
}

/**
 * Tells what this runtime is served by where the caller leaves the choice, for people who ask. Loads nothing.
 *
 * @example
 * ```ts
 * import { backends } from '@stowage/core';
 *
 * console.log(backends().digest); // native
 * ```
 */
export function backends(): Backends {
  return {
    digest: digestBackend(),
    gunzip: gunzipBackend(),
    zstd: nativeZstd() === undefined ? 'none' : 'zlib',
    crc32: nativeCrc32() === undefined ? 'js' : 'zlib',
  };
}
