import { digestBytes } from '@stowage/core';
import { encodeGoJson } from '@stowage/types';
import type { AuthConfig, V2Metadata } from '@stowage/types';
import { fromHex, hmacSha256, toHex } from './hmac-sha256.ts';

const encoder = new TextEncoder();

/**
 * The key that stands for credentials in distribution metadata (moby's `ComputeV2MetadataHMACKey`): the digest of their
 * JSON. The address that they are for and an e-mail address make no difference.
 *
 * @param auth the credentials; without members for an anonymous user
 * @returns a digest as text; `undefined` where there are no credentials at all
 *
 * @example
 * ```ts
 * import { computeV2MetadataHmacKey } from '@stowage/image-store';
 *
 * const key = await computeV2MetadataHmacKey({ username: 'alice', password: 'secret' });
 * console.log(key === (await computeV2MetadataHmacKey({ username: 'alice', password: 'other' }))); // false
 * ```
 */
export async function computeV2MetadataHmacKey(auth: AuthConfig | undefined): Promise<string | undefined> {
  if (auth === undefined) return undefined;
  const { username, password, auth: encoded, identityToken, registryToken } = auth;
  const members = {
    username,
    password,
    auth: encoded,
    identitytoken: identityToken,
    registrytoken: registryToken,
  };
  const filled = Object.entries(members).filter(([, value]) => value !== undefined && value !== '');
  return digestBytes(encodeGoJson(Object.fromEntries(filled)));
}

/**
 * What tells later whether a layer was seen with the same credentials (moby's `ComputeV2MetadataHMAC`): HMAC-SHA256 of
 * digest and repository.
 *
 * @param key of {@link computeV2MetadataHmacKey}
 * @param metadata where the layer was seen
 * @returns hexadecimal; empty where there is no key
 *
 * @example
 * ```ts
 * import { computeV2MetadataHmac } from '@stowage/image-store';
 * import { asDigest } from '@stowage/types';
 *
 * const metadata = { digest: asDigest('sha256:' + '0'.repeat(64)), sourceRepository: 'docker.io/library/busybox' };
 * console.log((await computeV2MetadataHmac('a key', metadata)).length, await computeV2MetadataHmac(undefined, metadata)); // 64 ''
 * ```
 */
export async function computeV2MetadataHmac(
  key: string | undefined,
  { digest, sourceRepository }: Omit<V2Metadata, 'hmac'>,
): Promise<string> {
  if (key === undefined || key === '') return '';
  return toHex(await hmacSha256(encoder.encode(key), encoder.encode(digest + sourceRepository)));
}

/**
 * Whether a layer was seen with the credentials that a key was made of (moby's `CheckV2MetadataHMAC`). Without a key,
 * that is what was noted without one.
 *
 * @param metadata where the layer was seen
 * @param key of {@link computeV2MetadataHmacKey}
 *
 * @example
 * ```ts
 * import { checkV2MetadataHmac, computeV2MetadataHmac } from '@stowage/image-store';
 * import { asDigest } from '@stowage/types';
 *
 * const seen = { digest: asDigest('sha256:' + '0'.repeat(64)), sourceRepository: 'docker.io/library/busybox' };
 * const metadata = { ...seen, hmac: await computeV2MetadataHmac('a key', seen) };
 * console.log(await checkV2MetadataHmac(metadata, 'a key'), await checkV2MetadataHmac(metadata, 'another')); // true false
 * ```
 */
export async function checkV2MetadataHmac(metadata: V2Metadata, key: string | undefined): Promise<boolean> {
  const expected = await computeV2MetadataHmac(key, metadata);
  if (metadata.hmac === '' || expected === '') return metadata.hmac === expected;
  const found = fromHex(metadata.hmac);
  return found !== undefined && sameText(toHex(found), expected);
}

/** Compares without telling by the time it takes how much of two texts is the same. */
function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let at = 0; at < b.length; at += 1) difference |= (a.charCodeAt(at) || 0) ^ b.charCodeAt(at);
  return difference === 0;
}
