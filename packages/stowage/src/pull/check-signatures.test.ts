import { parseSignedManifest } from '@stowage/types';
import { exportJWK, importPKCS8, importX509 } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createSigner, signManifest } from '../test-support/sign-manifest.ts';
import type { Signer } from '../test-support/sign-manifest.ts';
import { checkSignatures } from './check-signatures.ts';

// Made for this test and used for nothing else.
const PRIVATE_KEY = `-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDD7UViUJZdEauNbF40W
qLAUQtMlWgz17U2bXXMpEcGK5ZeCVjM7oGaQA5hiD497hkuhZANiAAQOtGANTTPC
RTnFPJEhgEiQKYR0MKHdETamo72/vEIVHwK2x6p1Awmy1dXxtstZDB99SCyo6YXY
n5hi1t22CIHbHKsyv0VGH5ccrOOXPjrXGRDw6JZskbMz9+w4I6y21r8=
-----END PRIVATE KEY-----`;
const CERTIFICATE =
  'MIIBsjCCATigAwIBAgIUKw2KSCPwOBNNG9PdWrVaZrKqXRkwCgYIKoZIzj0EAwIw' +
  'DzENMAsGA1UEAwwEdGVzdDAgFw0yNjExMjQxNzAyNDlaGA8yMTI2MTAzMTE3MDI0' +
  'OVowDzENMAsGA1UEAwwEdGVzdDB2MBAGByqGSM49AgEGBSuBBAAiA2IABA60YA1N' +
  'M8JFOcU8kSGASJAphHQwod0RNqajvb+8QhUfArbHqnUDCbLV1fG2y1kMH31ILKjp' +
  'hdifmGLW3bYIgdscqzK/RUYflxys45c+OtcZEPDolmyRszP37DgjrLbWv6NTMFEw' +
  'HQYDVR0OBBYEFN/KM6nSbrBEVlTnbqIDw3XUsMETMB8GA1UdIwQYMBaAFN/KM6nS' +
  'brBEVlTnbqIDw3XUsMETMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDaAAw' +
  'ZQIwVjmANtou1BH38O2EQjlvfQu440tcCcnzMAU0bAUJDSqeTH7KDHUHo5V/l2zn' +
  'xhL/AjEAwTNMEK5enMUnH2HAKQnEjovJcHABZzdedC19/VVCkyowC71cstEK3xYC' +
  'nESxOU5G';

const CANONICAL = JSON.stringify({ schemaVersion: 1, name: 'old', tag: 'v1', fsLayers: [] }, undefined, 3);

type OwnSigner = Awaited<ReturnType<typeof createSigner>>;
let own: OwnSigner;
let other: OwnSigner;
beforeAll(async () => {
  [own, other] = await Promise.all([createSigner(), createSigner()]);
});

async function signed(...signers: readonly Signer[]): Promise<string> {
  return await signManifest(CANONICAL, signers);
}

async function check(text: string, trusted: true | readonly JsonWebKey[] = true): Promise<void> {
  await checkSignatures(parseSignedManifest(new TextEncoder().encode(text)), trusted);
}

/** Changes one member of every signature. */
function change(text: string, edit: (signature: Record<string, unknown>) => unknown): string {
  const [head = '', list = ''] = text.split('"signatures": ');
  const signatures = JSON.parse(list.replace(/\n}$/, '')) as Record<string, unknown>[];
  return `${head}"signatures": ${JSON.stringify(signatures.map(edit))}\n}`;
}

describe('signatures of schema 1', () => {
  it.each(['ES256', 'ES384', 'RS256'])('by %s are good', async (alg) => {
    const signer = await createSigner(alg);
    await expect(check(await signed(signer))).resolves.toBeUndefined();
    await expect(check(await signed(signer), [signer.jwk as JsonWebKey])).resolves.toBeUndefined();
  });

  it('may come with a certificate', async () => {
    const key = await importPKCS8(PRIVATE_KEY, 'ES384');
    const text = await signed({ alg: 'ES384', key, header: { x5c: [CERTIFICATE] } });
    await expect(check(text)).resolves.toBeUndefined();
    const pem = `-----BEGIN CERTIFICATE-----\n${CERTIFICATE}\n-----END CERTIFICATE-----`;
    const trusted = await exportJWK(await importX509(pem, 'ES384', { extractable: true }));
    await expect(check(text, [trusted as JsonWebKey])).resolves.toBeUndefined();
    await expect(check(text, [own.jwk as JsonWebKey])).rejects.toMatchObject({ reason: 'signature' });
  });

  it('are all verified, and one by a trusted key will do', async () => {
    const both = await signed(other, own);
    await expect(check(both, [own.jwk as JsonWebKey])).resolves.toBeUndefined();
    const forged = await signed(own, { ...own, header: other.header });
    await expect(check(forged, [own.jwk as JsonWebKey])).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: 'signature 2 of the manifest cannot be verified',
    });
  });

  it('by keys that nobody trusts are refused where keys are named', async () => {
    await expect(check(await signed(own), [other.jwk as JsonWebKey])).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      reason: 'signature',
      message: 'the manifest is not signed by a trusted key',
    });
    await expect(check(await signed(own), [])).rejects.toMatchObject({ reason: 'signature' });
  });

  const wrong = 'signature 1 of the manifest cannot be verified';
  it.each<[string, (text: string) => string, string]>([
    ['of another payload', (text) => text.replace('"old"', '"new"'), wrong],
    ['that are changed', (text) => change(text, (it) => ({ ...it, signature: 'AAAA' })), wrong],
    ['that are missing', (text) => change(text, ({ signature: _gone, ...it }) => it), wrong],
    [
      'by another key',
      (text) => change(text, (it) => ({ ...it, header: { ...other.header, alg: 'ES256' } })),
      wrong,
    ],
    [
      'without a key',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'ES256' } })),
      `${wrong}: missing public key`,
    ],
    ['without a header', (text) => change(text, ({ header: _gone, ...it }) => it), wrong],
    ['whose header is no object', (text) => change(text, (it) => ({ ...it, header: 7 })), wrong],
    [
      'whose key is no object',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'ES256', jwk: 7 } })),
      wrong,
    ],
    [
      'whose certificate is none',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'ES256', x5c: ['AAAA'] } })),
      wrong,
    ],
    [
      'whose certificates are no list',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'ES256', x5c: 7 } })),
      `${wrong}: missing public key`,
    ],
    [
      'that anybody can make',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'none' }, signature: '' })),
      wrong,
    ],
    [
      'by a shared secret',
      (text) => change(text, (it) => ({ ...it, header: { alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } } })),
      wrong,
    ],
  ])('%s are refused', async (_what, edit, message) => {
    await expect(check(edit(await signed(own)))).rejects.toMatchObject({ code: 'INVALID_MANIFEST', message });
  });

  it('must be there, and not too many', async () => {
    const unsigned = parseSignedManifest(new TextEncoder().encode(CANONICAL), { allowUnsigned: true });
    await expect(checkSignatures(unsigned, true)).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: 'the manifest has no signatures',
    });
    const many = await signed(...Array.from({ length: 65 }, () => own));
    await expect(check(many)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
