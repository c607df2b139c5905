import { allowsWebAssembly } from '../platform/platform.ts';
import type { Compressor, CompressorInit, GzipBackend } from './compressor-types.ts';

/**
 * Makes a compressor to gzip (RFC 1952). The same input, level and backend give the same bytes in every runtime, however the
 * input is cut into pieces, and with any number of workers; the header tells neither time nor system. Between versions
 * of this package the bytes may change.
 *
 * @param init where output goes, the level, and who does the work; an abort ends the compression with its reason
 * @throws `INVALID_ARGUMENT` for a level or a number of workers that there is not; `UNSUPPORTED` for `wasm` by name where
 *   WebAssembly is missing or forbidden; `UNAVAILABLE`, to be tried again, where there is no room for its memory
 *
 * @example
 * ```ts
 * import { createCompressor, crc32 } from '@stowage/core';
 *
 * let crc = 0;
 * const compressor = await createCompressor({ level: 9, onOutput: (bytes) => (crc = crc32(bytes, crc)) });
 * await compressor.write(new TextEncoder().encode('hello'));
 * await compressor.end();
 * console.log(crc.toString(16)); // the same everywhere
 * ```
 */
export async function createCompressor(init: CompressorInit): Promise<Compressor> {
  init.signal?.throwIfAborted();
  const { openCompressor } = await import('./open-compressor.ts');
  return openCompressor(init, init.backend ?? gzipBackend());
}

/** What this runtime takes where nothing is named. */
export function gzipBackend(): GzipBackend {
  return allowsWebAssembly() ? 'wasm' : 'js';
}
