import type { DecompressOptions } from './decompress-options.ts';
import { FormatDecoder, sliceLength } from './format-decoder.ts';
import { codecStream } from '../stream/codec-stream.ts';

/**
 * A stage that decompresses, by the rules of `createDecompressor`. Input is taken only while somebody reads, so that a
 * slow reader or a hostile stream holds little memory. Give limits for streams from outside.
 *
 * @param options limits, and the format to insist on
 * @throws as errors of the stream: `INVALID_ARCHIVE`, `UNSUPPORTED`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { collect, decompress, streamOf } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * const bytes = await collect(streamOf(gzipped).pipeThrough(decompress()), { maxBytes: 1024 });
 * console.log(new TextDecoder().decode(bytes)); // hello
 * ```
 */
export function decompress(options: DecompressOptions = {}): TransformStream<Uint8Array, Uint8Array> {
  let decoder: FormatDecoder;
  return codecStream(
    () => sliceLength(decoder.format),
    'decompressor',
    (give) => (decoder = new FormatDecoder({ ...options, keepsOutput: true, onOutput: give })),
  );
}

/**
 * A stage that decompresses gzip and refuses everything else, an empty stream too. Otherwise as {@link decompress}.
 *
 * @param options limits
 * @throws as errors of the stream: `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { collect, gunzip, streamOf } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * const bytes = await collect(streamOf(gzipped).pipeThrough(gunzip()), { maxBytes: 1024 });
 * console.log(bytes.length); // 5
 * ```
 */
export function gunzip(
  options: Omit<DecompressOptions, 'format'> = {},
): TransformStream<Uint8Array, Uint8Array> {
  return decompress({ ...options, format: 'gzip' });
}
