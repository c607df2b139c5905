import { parseDigest, StowageError } from '@stowage/types';
import type { Descriptor, Digester } from '@stowage/types';
import { createDigester } from './digester.ts';

/**
 * A stage that passes bytes on unchanged and fails unless they are exactly what a descriptor names. The size is
 * checked first: the chunk that goes beyond it fails and is not passed on. Too few bytes and a wrong digest are found
 * at the end, so what was passed on counts only once the stream has ended well.
 *
 * @param want what to expect; a whole descriptor will do. `size` is in bytes
 * @throws `INVALID_DIGEST`, and `INVALID_ARGUMENT` for a size that is no count of bytes, at once; as errors of the
 *   stream `SIZE_MISMATCH` and `DIGEST_MISMATCH`
 *
 * @example
 * ```ts
 * import { collect, digestBytes, streamOf, verifyStream } from '@stowage/core';
 *
 * const blob = new TextEncoder().encode('{}');
 * const want = { digest: await digestBytes(blob), size: blob.length };
 * const bytes = await collect(streamOf(blob).pipeThrough(verifyStream(want)), { maxBytes: 1024 });
 * console.log(bytes.length); // 2
 * ```
 */
export function verifyStream(
  want: Pick<Descriptor, 'digest' | 'size'>,
): TransformStream<Uint8Array, Uint8Array> {
  const { digest, size } = want;
  const { algorithm } = parseDigest(digest);
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new StowageError('INVALID_ARGUMENT', `not a size in bytes: ${size}`);
  }
  let digester: Digester;
  let seen = 0;
  return new TransformStream<Uint8Array, Uint8Array>({
    async start() {
      digester = await createDigester(algorithm);
    },
    transform(chunk, controller) {
      seen += chunk.byteLength;
      if (seen > size) {
        throw new StowageError(
          'SIZE_MISMATCH',
          `content is too long: got at least ${seen} bytes, expected ${size}`,
        );
      }
      digester.update(chunk);
      controller.enqueue(chunk);
    },
    flush() {
      if (seen !== size) {
        throw new StowageError('SIZE_MISMATCH', `content is too short: got ${seen} bytes, expected ${size}`);
      }
      const got = digester.digest();
      if (got !== digest) {
        throw new StowageError(
          'DIGEST_MISMATCH',
          `content does not match its digest: got ${got}, expected ${digest}`,
        );
      }
    },
  });
}
