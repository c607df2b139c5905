import { compressorStream } from '../stream/compressor-stream.ts';
import { createCompressor } from './compressor.ts';
import type { GzipOptions } from './compressor-types.ts';

/**
 * A stage that compresses to gzip, by the rules of `createCompressor`. Input is taken only while somebody reads, and
 * memory stays constant however long the stream is.
 *
 * @param options the level, and who does the work; an abort ends the stream with its reason
 * @throws as errors of the stream: `INVALID_ARGUMENT`, `UNSUPPORTED`, `UNAVAILABLE`
 *
 * @example
 * ```ts
 * import { collect, gunzip, gzip, streamOf } from '@stowage/core';
 *
 * const layer = streamOf(new TextEncoder().encode('hello'));
 * const bytes = await collect(layer.pipeThrough(gzip()).pipeThrough(gunzip()), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function gzip(options: GzipOptions = {}): TransformStream<Uint8Array, Uint8Array> {
  return compressorStream((onOutput) => createCompressor({ ...options, onOutput }));
}
