import { createDigester } from '@stowage/core';
import { parseDigest, StowageError } from '@stowage/types';
import type { Digest, Digester } from '@stowage/types';

/** Verifies the digest of a blob whose size nobody knows: neither the caller nor the registry's headers. */
export function verifyUnsized(digest: Digest): TransformStream<Uint8Array, Uint8Array> {
  let digester: Digester;
  return new TransformStream<Uint8Array, Uint8Array>({
    async start(): Promise<void> {
      digester = await createDigester(parseDigest(digest).algorithm);
    },
    transform(chunk, controller): void {
      digester.update(chunk);
      controller.enqueue(chunk);
    },
    flush(): void {
      const got = digester.digest();
      if (got === digest) return;
      throw new StowageError(
        'DIGEST_MISMATCH',
        `content does not match its digest: got ${got}, expected ${digest}`,
      );
    },
  });
}
