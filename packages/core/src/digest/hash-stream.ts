import type { ByteStream, Digest, Digester, DigestAlgorithm } from '@stowage/types';
import { createDigester } from './digester.ts';
import { tapStream } from '../stream/tap-stream.ts';

/** What a stream turned out to be. */
export interface StreamDigest {
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

/**
 * A stream of the same bytes that hashes and counts them on the way, for content whose digest is not known yet; where
 * it is, `verifyStream` says so at once when there is too much. As cheap as `tapStream`.
 *
 * @param source locked from now on; cancelled when the stream is
 * @param onEnd is told the digest and the size once all bytes have passed, before the stream ends; it may throw to let
 *   the stream fail. Not called when the stream fails or is cancelled
 * @param algorithm default sha256
 * @throws `UNSUPPORTED` as an error of the stream, for an unknown algorithm
 *
 * @example
 * ```ts
 * import { collect, hashStream, streamOf } from '@stowage/core';
 *
 * const stream = hashStream(streamOf(new TextEncoder().encode('{}')), ({ digest, size }) => {
 *   console.log(size, digest.slice(0, 15)); // 2 sha256:44136fa3
 * });
 * await collect(stream, { maxBytes: 10 });
 * ```
 */
export function hashStream(
  source: ByteStream,
  onEnd: (found: StreamDigest) => Promise<void> | void,
  algorithm: DigestAlgorithm = 'sha256',
): ByteStream {
  let digester: Digester;
  let size = 0;
  return tapStream(source, {
    async onStart() {
      digester = await createDigester(algorithm);
    },
    onBytes(bytes) {
      digester.update(bytes);
      size += bytes.length;
    },
    onEnd: () => onEnd({ digest: digester.digest(), size }),
  });
}
