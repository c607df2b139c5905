import type { Bytes, ByteStream } from '@stowage/types';

/**
 * A stream of the bytes that an iterable gives, asked for as they are read. The chunks are handed over, not copied;
 * empty ones are left out. Cancelling the stream ends the iteration, as leaving a loop over it does.
 *
 * @param chunks what the stream gives, in order; the stream fails with what the iteration throws
 *
 * @example
 * ```ts
 * import { collect, streamFrom } from '@stowage/core';
 *
 * async function* count() {
 *   for (let i = 1; i <= 3; i++) yield new Uint8Array(i);
 * }
 * console.log((await collect(streamFrom(count()), { maxBytes: 10 })).length); // 6
 * ```
 */
export function streamFrom(chunks: AsyncIterable<Bytes>): ByteStream {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream<Bytes>(
    {
      pull: async (controller) => {
        for (;;) {
          const next = await iterator.next();
          if (next.done === true) controller.close();
          else if (next.value.length === 0) continue;
          else controller.enqueue(next.value);
          return;
        }
      },
      cancel: async () => {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
