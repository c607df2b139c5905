import type { Bytes } from './bytes.ts';

// Base 64 with what every runtime has. What is standard is not exported from the package.

const CHUNK = 0x8000;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** Standard base 64 with padding, as Go writes `[]byte`. */
export function encodeBase64(bytes: Bytes): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += CHUNK) {
    binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  }
  return btoa(binary);
}

/**
 * Base 64 in the alphabet for URLs, without padding, as signatures hold it (RFC 4648, section 5).
 *
 * @param bytes any bytes
 *
 * @example
 * ```ts
 * import { encodeBase64Url } from '@stowage/types';
 *
 * console.log(encodeBase64Url(Uint8Array.of(255, 254))); // __4
 * ```
 */
export function encodeBase64Url(bytes: Bytes): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Decodes what {@link encodeBase64Url} writes; spaces and line feeds do not count.
 *
 * @param text base 64 in the alphabet for URLs
 * @returns `undefined` where it is malformed
 *
 * @example
 * ```ts
 * import { decodeBase64Url } from '@stowage/types';
 *
 * console.log(decodeBase64Url('__4')?.length, decodeBase64Url('/+4')); // 2 undefined
 * ```
 */
export function decodeBase64Url(text: string): Bytes | undefined {
  const plain = text.replace(/[ \n]/g, '');
  if (/[+/=]/.test(plain)) return undefined;
  const standard = plain.replaceAll('-', '+').replaceAll('_', '/');
  if (standard.length % 4 === 1 || !BASE64.test(standard)) return undefined;
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}
