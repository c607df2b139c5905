import { compressorStream } from '../stream/compressor-stream.ts';
import type { ZstdCompressor, ZstdCompressorInit } from './zstd-compression.ts';

/**
 * Makes a compressor to zstd (RFC 8878), for streams of any length: it holds a window of 1 MiB and less than 4 MiB in
 * all. It works about as hard as `zstd -1` does. The same content gives the same bytes in every runtime, however it is cut
 * into pieces. The output is one frame with a checksum; one of up to 128 KiB tells the length of its content.
 *
 * @param init where output goes
 * @throws `UNSUPPORTED` where WebAssembly is missing or forbidden; the reason of an abort
 *
 * @example
 * ```ts
 * import { createZstdCompressor } from '@stowage/core';
 *
 * let length = 0;
 * const compressor = await createZstdCompressor({ onOutput: (bytes) => (length += bytes.length) });
 * compressor.write(new Uint8Array(1_000_000));
 * compressor.end();
 * console.log(length < 100); // true
 * ```
 */
export async function createZstdCompressor(init: ZstdCompressorInit): Promise<ZstdCompressor> {
  init.signal?.throwIfAborted();
  return (await import('./zstd-encoder.ts')).createZstdEncoder(init);
}

/**
 * A stage that compresses to zstd, by the rules of {@link createZstdCompressor}. Input is taken only while somebody
 * reads, and memory stays constant however long the stream is.
 *
 * @param options an abort fails the stage with its reason
 * @throws as errors of the stream: `UNSUPPORTED` where WebAssembly is missing or forbidden; the reason of an abort
 *
 * @example
 * ```ts
 * import { collect, decompress, streamOf, zstd } from '@stowage/core';
 *
 * const compressed = streamOf(new TextEncoder().encode('hello')).pipeThrough(zstd());
 * const bytes = await collect(compressed.pipeThrough(decompress()), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function zstd(
  options: Omit<ZstdCompressorInit, 'onOutput'> = {},
): TransformStream<Uint8Array, Uint8Array> {
  return compressorStream((onOutput) => createZstdCompressor({ ...options, onOutput }));
}
