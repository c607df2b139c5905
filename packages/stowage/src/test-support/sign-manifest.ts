import { base64url, exportJWK, FlattenedSign, generateKeyPair } from 'jose';
import type { CryptoKey, JWK } from 'jose';

/** Who signs a manifest, and how. */
export interface Signer {
  readonly alg: string;
  readonly key: CryptoKey;
  /** What the signature says of its key. */
  readonly header: { readonly jwk?: JWK; readonly x5c?: string[] };
}

/** A signer with a new key, told by `jwk`. */
export async function createSigner(alg = 'ES256'): Promise<Signer & { readonly jwk: JWK }> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return { alg, key: privateKey, header: { jwk }, jwk };
}

/** A manifest of schema 1, indented, with signatures put into it as libtrust does. */
export async function signManifest(canonical: string, signers: readonly Signer[]): Promise<string> {
  const head = canonical.slice(0, -2);
  const format = { formatLength: head.length, formatTail: base64url.encode('\n}') };
  const payload = new TextEncoder().encode(canonical);
  const signatures = signers.map(async ({ alg, key, header }) => {
    const signing = new FlattenedSign(payload).setProtectedHeader(format);
    const { payload: _payload, ...signature } = await signing
      .setUnprotectedHeader({ ...header, alg })
      .sign(key);
    return signature;
  });
  return `${head},\n   "signatures": ${JSON.stringify(await Promise.all(signatures))}\n}`;
}
