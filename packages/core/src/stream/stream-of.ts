import type { Bytes, ByteStream } from '@stowage/types';

/**
 * A stream of bytes that are in memory already, one chunk for each argument. The bytes are handed over, not copied.
 *
 * @param chunks what the stream gives, in order
 *
 * @example
 * ```ts
 * import { collect, streamOf } from '@stowage/core';
 *
 * console.log((await collect(streamOf(new Uint8Array(5)), { maxBytes: 10 })).length); // 5
 * ```
 */
export function streamOf(...chunks: readonly Bytes[]): ByteStream {
  let next = 0;
  return new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[next];
        next += 1;
        if (chunk === undefined) controller.close();
        else controller.enqueue(chunk);
      },
    },
    { highWaterMark: 0 },
  );
}
