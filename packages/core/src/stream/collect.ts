import { StowageError } from '@stowage/types';
import type { Bytes, ByteStream, ReadOptions } from '@stowage/types';
import { drain } from './drain.ts';

/**
 * Reads a whole stream into memory, into bytes that are the caller's own. The stream is cancelled as soon as the limit
 * is passed.
 *
 * @param stream read to its end, or cancelled
 * @param options `maxBytes`, the most bytes to accept; an abort cancels the stream and rejects with `signal.reason`
 * @throws `LIMIT_EXCEEDED` when the stream is longer; whatever the stream fails with
 *
 * @example
 * ```ts
 * import { collect, streamOf } from '@stowage/core';
 *
 * const bytes = await collect(streamOf(Uint8Array.of(1, 2), Uint8Array.of(3)), { maxBytes: 1024 });
 * console.log(bytes.length); // 3
 * ```
 */
export async function collect(stream: ByteStream, options: ReadOptions): Promise<Bytes> {
  const { maxBytes } = options;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const take = (chunk: Uint8Array): void => {
    length += chunk.length;
    // Written so that a limit that is no number lets nothing through.
    if (!(length <= maxBytes))
      throw new StowageError('LIMIT_EXCEEDED', `content is longer than ${maxBytes} bytes`);
    chunks.push(chunk);
  };
  await drain(stream, take, options);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
