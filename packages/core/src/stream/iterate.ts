import type { AbortOptions, ByteStream } from '@stowage/types';
import { cancelReader } from './cancel-reader.ts';

/**
 * Reads a stream chunk by chunk. The stream is locked from the first chunk on; leaving the loop early, by `break` or an
 * error, cancels it. Works where `ReadableStream` has no async iterator of its own (Safari).
 *
 * @param stream read to its end, or cancelled
 * @param options an abort cancels the stream and throws `signal.reason`
 * @throws whatever the stream fails with
 *
 * @example
 * ```ts
 * import { iterate, streamOf } from '@stowage/core';
 *
 * for await (const chunk of iterate(streamOf(new Uint8Array(3), new Uint8Array(2)))) {
 *   console.log(chunk.length); // 3, then 2
 * }
 * ```
 */
export async function* iterate(
  stream: ByteStream,
  options: AbortOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const { signal } = options;
  const reader = stream.getReader();
  // One listener for the whole stream, not a race for every chunk: cancelling ends the read that waits.
  const stop = (): void => void cancelReader(reader, signal?.reason);
  let ended = false;
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop);
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) {
        ended = true;
        return;
      }
      yield value;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    if (!ended) await cancelReader(reader, signal?.reason);
    reader.releaseLock();
  }
}
