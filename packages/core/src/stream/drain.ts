import type { AbortOptions, ByteStream } from '@stowage/types';
import { cancelReader } from './cancel-reader.ts';

/**
 * Reads a stream to its end and hands each chunk to a function, with one promise for each chunk and no copy: the
 * cheapest way to hash, count or look at what a stream gives. Where the function throws, the stream is cancelled.
 *
 * @param stream read to its end, or cancelled
 * @param onBytes is given each chunk, as the stream gave it
 * @param options an abort cancels the stream and rejects with `signal.reason`
 * @returns how many bytes there were
 * @throws whatever the stream or `onBytes` fails with
 *
 * @example
 * ```ts
 * import { createDigester, drain, streamOf } from '@stowage/core';
 *
 * const digester = await createDigester();
 * const size = await drain(streamOf(new Uint8Array(2), new Uint8Array(3)), (bytes) => digester.update(bytes));
 * console.log(size); // 5
 * console.log(digester.digest().length); // 71
 * ```
 */
export async function drain(
  stream: ByteStream,
  onBytes: (bytes: Uint8Array) => void,
  options: AbortOptions = {},
): Promise<number> {
  const { signal } = options;
  const reader = stream.getReader();
  // One listener for the whole stream, not a race for every chunk: cancelling ends the read that waits.
  const stop = (): void => void cancelReader(reader, signal?.reason);
  let size = 0;
  try {
    signal?.throwIfAborted();
    signal?.addEventListener('abort', stop);
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) return size;
      size += value.length;
      onBytes(value);
    }
  } catch (error) {
    await cancelReader(reader, error);
    throw error;
  } finally {
    signal?.removeEventListener('abort', stop);
    reader.releaseLock();
  }
}
