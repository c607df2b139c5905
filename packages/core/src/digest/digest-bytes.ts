import { asDigest } from '@stowage/types';
import type { Bytes, Digest, DigestAlgorithm } from '@stowage/types';
import { createDigester } from './digester.ts';
import { toHex } from './hex.ts';
import { builtinModule } from '../platform/platform.ts';

const SUBTLE_NAMES = { sha256: 'SHA-256', sha384: 'SHA-384', sha512: 'SHA-512' } as const;

/**
 * The digest of bytes that are in memory already: by node:crypto where there is one, by WebCrypto in a page that is a
 * secure context, else by {@link createDigester}.
 *
 * @param bytes what to hash; not to be changed before the promise resolves
 * @param algorithm default sha256
 * @throws `UNSUPPORTED` as {@link createDigester}
 *
 * @example
 * ```ts
 * import { digestBytes } from '@stowage/core';
 *
 * console.log(await digestBytes(new TextEncoder().encode('{}')));
 * // sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a
 * ```
 */
export async function digestBytes(bytes: Bytes, algorithm: DigestAlgorithm = 'sha256'): Promise<Digest> {
  const subtle = subtleFor(bytes);
  if (subtle === undefined || !Object.hasOwn(SUBTLE_NAMES, algorithm)) {
    const digester = await createDigester(algorithm);
    digester.update(bytes);
    return digester.digest();
  }
  const hash = new Uint8Array(await subtle.digest(SUBTLE_NAMES[algorithm], bytes as Uint8Array<ArrayBuffer>));
  return asDigest(`${algorithm}:${toHex(hash)}`);
}

/**
 * WebCrypto, where nothing better is there and it takes these bytes: it refuses shared memory. In Chromium its way to
 * another thread and back is no dearer than a call of ours for a few bytes, and it keeps the page free for many.
 */
function subtleFor(bytes: Bytes): SubtleCrypto | undefined {
  if (builtinModule('node:crypto') !== undefined || !(bytes.buffer instanceof ArrayBuffer)) return undefined;
  const { crypto } = globalThis as { crypto?: { readonly subtle?: SubtleCrypto } };
  return crypto?.subtle;
}
