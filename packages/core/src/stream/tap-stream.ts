import type { ByteStream } from '@stowage/types';
import { cancelReader } from './cancel-reader.ts';

/** What is done with a stream's bytes as they pass. */
export interface StreamTap {
  /** Runs before the first byte is read. */
  onStart?(): Promise<void> | void;
  /** Is given each chunk before the reader gets it; not to be changed or kept. */
  onBytes?(bytes: Uint8Array): void;
  /** Runs after the last byte and before the stream ends. */
  onEnd?(): Promise<void> | void;
}

/**
 * A stream of the same bytes that shows them on the way: for hashing, counting and checking what somebody else reads.
 * It has one promise for each chunk, copies nothing and reads nothing ahead. Where the tap throws, the stream fails
 * with what it threw, and its source is cancelled.
 *
 * @param source locked from now on; cancelled when the stream is
 * @param tap what to do
 *
 * @example
 * ```ts
 * import { collect, streamOf, tapStream } from '@stowage/core';
 *
 * let size = 0;
 * const stream = tapStream(streamOf(new Uint8Array(2), new Uint8Array(3)), {
 *   onBytes: (bytes) => {
 *     size += bytes.length;
 *   },
 * });
 * await collect(stream, { maxBytes: 10 });
 * console.log(size); // 5
 * ```
 */
export function tapStream(source: ByteStream, tap: StreamTap): ByteStream {
  const reader = source.getReader();
  const fail = async (error: unknown): Promise<never> => {
    await cancelReader(reader, error);
    throw error;
  };
  return new ReadableStream<Uint8Array>(
    {
      async start() {
        try {
          await tap.onStart?.();
        } catch (error) {
          await fail(error);
        }
      },
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (done) {
            await tap.onEnd?.();
            controller.close();
          } else {
            tap.onBytes?.(value);
            controller.enqueue(value);
          }
        } catch (error) {
          await fail(error);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}
