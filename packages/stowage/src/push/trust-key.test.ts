import { digestBytes } from '@stowage/core';
import {
  asDigest,
  buildSchema1Payload,
  decodeBase64Url,
  encodeBase64Url,
  parseSignedManifest,
} from '@stowage/types';
import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { signPayload } from './sign-payload.ts';
import { createTrustKey, keyId } from './trust-key.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const [vector] = vectors.schema1 as [{ config: string; layers: string[]; payload: string; signed: string }];
interface Signature {
  readonly header: { readonly jwk: JsonWebKey & { kid: string }; readonly alg: string };
  readonly signature: string;
  readonly protected: string;
}
const recorded = (JSON.parse(vector.signed) as { signatures: [Signature] }).signatures[0];

async function payload() {
  const parts = { name: 'library/app', tag: 'v1', config: new TextEncoder().encode(vector.config) };
  return await buildSchema1Payload({ ...parts, layers: vector.layers.map(asDigest) }, digestBytes);
}

describe('createTrustKey', () => {
  it('has the ID that libtrust gives', async () => {
    const { x = '', y = '', kid } = recorded.header.jwk;
    expect(await keyId(x, y)).toBe(kid);
  });

  it('signs what its public half verifies, by an ID of twelve groups', async () => {
    const key = await createTrustKey();
    const { crv, kty, x, y } = key.publicKey;
    expect((key.publicKey as { kid: string }).kid).toMatch(/^(?:[A-Z2-7]{4}:){11}[A-Z2-7]{4}$/);
    const jwk = { crv, kty, x, y } as JsonWebKey;
    const how = { name: 'ECDSA', namedCurve: 'P-256' };
    const publicKey = await crypto.subtle.importKey('jwk', jwk, how, true, ['verify']);
    const signature = await key.sign(new TextEncoder().encode('x'));
    const check = (words: string) =>
      crypto.subtle.verify(
        { name: 'ECDSA', hash: 'SHA-256' },
        publicKey,
        new Uint8Array(signature),
        new TextEncoder().encode(words),
      );
    expect([await check('x'), await check('y')]).toEqual([true, false]);
    await expect(key.sign(new Uint8Array(), { signal: AbortSignal.abort('no') })).rejects.toBe('no');
  });

  it('takes a key that is there, and refuses what is none', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
      'sign',
      'verify',
    ]);
    const privateKey = await crypto.subtle.exportKey('jwk', pair.privateKey);
    const [one, two] = [await createTrustKey({ privateKey }), await createTrustKey({ privateKey })];
    expect(one.publicKey).toEqual(two.publicKey);
    expect(one.publicKey.x).toBe(privateKey.x);
    for (const none of [{}, { kty: 'EC', crv: 'P-256', x: 'a', y: 'b' }]) {
      await expect(createTrustKey({ privateKey: none })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
  });
});

describe('signPayload', () => {
  it('writes what libtrust writes, byte for byte but for the signature itself', async () => {
    const key = {
      publicKey: recorded.header.jwk,
      sign: () => Promise.resolve(decodeBase64Url(recorded.signature) ?? new Uint8Array()),
    };
    const at = new Date('2026-11-24T05:12:24Z');
    expect(text(await signPayload(await payload(), key, { at }))).toBe(vector.signed);
  });

  it('signs the protected header and the payload', async () => {
    const signed: string[] = [];
    const key = {
      publicKey: recorded.header.jwk,
      sign: (bytes: Uint8Array) => {
        signed.push(text(bytes));
        return Promise.resolve(new Uint8Array(64));
      },
    };
    const bytes = await signPayload(await payload(), key);
    const { signatures } = JSON.parse(text(bytes)) as { signatures: [Signature] };
    expect(signed).toEqual([
      `${signatures[0].protected}.${encodeBase64Url(new TextEncoder().encode(vector.payload))}`,
    ]);
    expect(text(parseSignedManifest(bytes).canonical)).toBe(vector.payload);
  });
});
