import type { AbortOptions, Bytes } from '../bytes.ts';

/**
 * A key that signs schema 1 manifests, as libtrust's: ECDSA on the curve P-256. The Web Crypto API of every runtime can
 * make and use one.
 */
export interface TrustKey {
  /** The public half, as it goes into the manifest: a JSON Web Key with `crv`, `kty`, `x` and `y` (RFC 7517). */
  readonly publicKey: Readonly<JsonWebKey>;
  /**
   * Signs by ES256 (RFC 7518, section 3.4).
   *
   * @param payload what is signed; it is hashed with SHA-256 first
   * @returns `r` and `s`, 32 bytes each
   */
  sign(payload: Bytes, options?: AbortOptions): Promise<Bytes>;
}
