import { codecStream } from '../stream/codec-stream.ts';
import { createCompressor } from './compressor.ts';
import type { Compressor, GzipOptions } from './compressor.ts';

/** How much input is compressed at a time. */
const SLICE = 64 * 1024;

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
  return codecStream(
    () => SLICE,
    'compressor',
    (give) => {
      let freed: { readonly reason: unknown } | undefined;
      let opening: Promise<Compressor> | undefined;
      const compressor = (): Promise<Compressor> => {
        // An abandoned stream is still asked to take what it was given.
        if (freed !== undefined) return Promise.reject(freed.reason);
        opening ??= createCompressor({
          ...options,
          onOutput: (bytes) => {
            give(bytes.slice());
          },
        });
        return opening;
      };
      return {
        write: async (bytes) => (await compressor()).write(bytes),
        end: async () => (await compressor()).end(),
        free(reason) {
          freed ??= { reason };
          opening?.then(
            (opened) => {
              opened.free();
            },
            () => undefined,
          );
        },
      };
    },
  );
}
