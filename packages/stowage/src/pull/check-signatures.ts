import { isStowageError, StowageError } from '@stowage/types';
import type { SignedManifest } from '@stowage/types';
import type * as Jose from 'jose';

/** What libtrust signs with. */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512'];

/** Registries write one signature for each key; each costs a computation. */
const MAX_SIGNATURES = 64;

/** A signature of a manifest, nothing of it verified. */
type Signature = Pick<Jose.FlattenedJWSInput, 'protected' | 'signature' | 'header'>;

/**
 * Verifies every signature of a manifest of schema 1 over what its digest is of, by the key that comes with it: `jwk`,
 * or the first certificate of `x5c`, whose issuers are not looked at, as in libtrust.
 *
 * @param manifest as it came from the registry, signatures included
 * @param trusted the public keys of which one at least must have signed; `true` for any key
 * @throws `INVALID_MANIFEST` where there is no signature, one is wrong, or none is by a trusted key; `LIMIT_EXCEEDED`
 */
export async function checkSignatures(
  manifest: SignedManifest,
  trusted: true | readonly JsonWebKey[],
): Promise<void> {
  const signatures = signaturesOf(manifest);
  // It is large, and manifests of schema 1 are rare.
  const jose = await import('jose');
  const payload = jose.base64url.encode(manifest.canonical);
  const signers: Jose.JWK[] = [];
  for (const [index, signature] of signatures.entries()) {
    try {
      await jose.flattenedVerify(
        { ...signature, payload },
        async (_protected, { header }) => {
          const { key, jwk } = await keyOf(header, jose);
          signers.push(jwk);
          return key;
        },
        { algorithms: ALGORITHMS },
      );
    } catch (cause) {
      const reason = isStowageError(cause) ? `: ${cause.message}` : '';
      throw invalid(`signature ${index + 1} of the manifest cannot be verified${reason}`, cause);
    }
  }
  if (trusted === true) return;
  const prints = new Set(
    await Promise.all(trusted.map((key) => jose.calculateJwkThumbprint(key as Jose.JWK))),
  );
  for (const signer of signers) if (prints.has(await jose.calculateJwkThumbprint(signer))) return;
  throw invalid('the manifest is not signed by a trusted key');
}

/** The signatures as they are written. That they are objects with a protected header, the manifest's reader has seen. */
function signaturesOf({ raw }: SignedManifest): readonly Signature[] {
  const { signatures } = JSON.parse(new TextDecoder().decode(raw)) as { signatures?: readonly Signature[] };
  if (signatures === undefined || signatures.length === 0) throw invalid('the manifest has no signatures');
  if (signatures.length <= MAX_SIGNATURES) return signatures;
  throw new StowageError('LIMIT_EXCEEDED', `the manifest has more than ${MAX_SIGNATURES} signatures`);
}

interface SignerKey {
  readonly key: Jose.JWK | Jose.CryptoKey;
  readonly jwk: Jose.JWK;
}

async function keyOf(
  { jwk, x5c, alg = '' }: Jose.JWSHeaderParameters = {},
  jose: typeof Jose,
): Promise<SignerKey> {
  const certificate = x5c?.[0];
  if (certificate !== undefined) {
    const pem = `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----`;
    const key = await jose.importX509(pem, alg, { extractable: true });
    return { key, jwk: await jose.exportJWK(key) };
  }
  if (jwk === undefined) throw invalid('missing public key');
  return { key: jwk, jwk: jwk };
}

function invalid(message: string, cause?: unknown): StowageError {
  return new StowageError('INVALID_MANIFEST', message, {
    reason: 'signature',
    ...(cause === undefined ? {} : { cause }),
  });
}
