import { digestBytes } from '@stowage/core';
import { decodeBase64Url, parseDigest, StowageError } from '@stowage/types';
import type { Bytes, TrustKey } from '@stowage/types';

/** What a {@link createTrustKey} makes a key of. */
export interface TrustKeyInit {
  /** The private key as a JSON Web Key on the curve P-256. Default: a new one. */
  readonly privateKey?: JsonWebKey | undefined;
}

const CURVE = { name: 'ECDSA', namedCurve: 'P-256' } as const;
/** A P-256 public key in DER (RFC 5480), up to the point. */
// prettier-ignore
const DER_PREFIX = [
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** Bytes of the hash that go into an ID, and characters of a group. */
const ID_BYTES = 30;
const GROUP = 4;

/**
 * Makes a key that signs manifests of schema 1, by the Web Crypto API. Its ID is libtrust's.
 *
 * @param init the private key, or nothing for a new one
 * @throws `INVALID_ARGUMENT` for what is no private key on the curve P-256
 *
 * @example
 * ```ts
 * import { createTrustKey } from 'stowage';
 *
 * const key = await createTrustKey();
 * console.log(key.publicKey.crv, (await key.sign(new Uint8Array(3))).length); // P-256 64
 * ```
 */
export async function createTrustKey({ privateKey }: TrustKeyInit = {}): Promise<TrustKey> {
  const { subtle } = crypto;
  const key = privateKey === undefined ? await generate() : await importKey(privateKey);
  const { x = '', y = '' } = await subtle.exportKey('jwk', key);
  const kid = await keyId(x, y);
  return {
    // In the order in which libtrust writes it.
    publicKey: { crv: 'P-256', kid, kty: 'EC', x, y } as JsonWebKey,
    sign: async (payload, options) => {
      options?.signal?.throwIfAborted();
      const how = { name: 'ECDSA', hash: 'SHA-256' };
      return new Uint8Array(await subtle.sign(how, key, new Uint8Array(payload)));
    },
  };
}

async function generate(): Promise<CryptoKey> {
  const { privateKey } = await crypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
  return privateKey;
}

async function importKey(privateKey: JsonWebKey): Promise<CryptoKey> {
  try {
    const { crv = '', kty = '', x = '', y = '', d = '' } = privateKey;
    return await crypto.subtle.importKey('jwk', { crv, kty, x, y, d }, CURVE, true, ['sign']);
  } catch (cause) {
    throw new StowageError('INVALID_ARGUMENT', 'not a private key on the curve P-256', { cause });
  }
}

/** libtrust's ID of a key: the beginning of its hash in base 32, in groups of four. */
export async function keyId(x: string, y: string): Promise<string> {
  const der = Uint8Array.of(...DER_PREFIX, ...pointOf(x), ...pointOf(y));
  const { encoded } = parseDigest(await digestBytes(der));
  let bits = '';
  for (const digit of encoded.slice(0, 2 * ID_BYTES))
    bits += Number.parseInt(digit, 16).toString(2).padStart(4, '0');
  const text = bits.replace(/.{5}/g, (group) => BASE32.charAt(Number.parseInt(group, 2)));
  return (text.match(new RegExp(`.{${String(GROUP)}}`, 'g')) ?? []).join(':');
}

function pointOf(text: string): Bytes {
  return decodeBase64Url(text) ?? new Uint8Array();
}
