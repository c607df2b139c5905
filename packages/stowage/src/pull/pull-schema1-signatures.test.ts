import { digestBytes } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { Stowage, StowageOptions } from '../stowage.ts';
import { FakeRegistry } from '../test-support/fake-registry.ts';
import { createSigner, signManifest } from '../test-support/sign-manifest.ts';

const OLD = 'localhost/old:v1';
const SIGNED = MEDIA_TYPES.dockerSchema1Signed;

let registry: FakeRegistry;
beforeEach(() => {
  registry = new FakeRegistry();
});

function open(options: StowageOptions): Promise<Stowage> {
  return openStowage({ fetch: (url, init) => registry.fetch(url, init), ...options });
}

/** Puts a signed manifest into the registry. `wrong`: its signature is of another one. */
async function putSigned(wrong = false): Promise<{ readonly digest: Digest; readonly jwk: JsonWebKey }> {
  const { digest: blobSum } = await registry.layer('old', { file: 'text' }, MEDIA_TYPES.dockerLayer);
  const v1Compatibility = JSON.stringify({ id: 'a'.repeat(64), architecture: 'amd64', os: 'linux' });
  const fsLayers = [{ blobSum }];
  const of = (tag: string): string =>
    JSON.stringify(
      { schemaVersion: 1, name: 'old', tag, fsLayers, history: [{ v1Compatibility }] },
      undefined,
      3,
    );
  const signer = await createSigner();
  const signed = await signManifest(of(wrong ? 'v2' : 'v1'), [signer]);
  const digest = await digestBytes(new TextEncoder().encode(of('v1')));
  await registry.manifest('old', ['v1'], signed.replace('"v2"', '"v1"'), SIGNED, digest);
  return { digest, jwk: signer.jwk };
}

describe('signatures of a manifest of schema 1', () => {
  it('are verified where that is wanted, by whatever key, or by one of those named', async () => {
    const { digest, jwk } = await putSigned();
    for (const verifySchema1Signatures of [true, [jwk]]) {
      await using stowage = await open({ verifySchema1Signatures });
      expect(await stowage.pull(OLD)).toMatchObject({ digest, status: 'downloaded' });
    }
  });

  it('are not looked at otherwise', async () => {
    const { digest } = await putSigned(true);
    await using stowage = await open({});
    expect(await stowage.pull(OLD)).toMatchObject({ digest });
  });

  it.each([
    ['that are wrong', true, true, 'signature 1 of the manifest cannot be verified'],
    ['by a key that is not named', false, [], 'the manifest is not signed by a trusted key'],
  ])('%s end the pull, and nothing is stored', async (_what, wrong, verifySchema1Signatures, message) => {
    await putSigned(wrong);
    await using stowage = await open({ verifySchema1Signatures });
    await expect(stowage.pull(OLD)).rejects.toMatchObject({ code: 'INVALID_MANIFEST', message });
    expect(await stowage.images()).toEqual([]);
    expect(registry.requests.some((request) => request.includes('/blobs/'))).toBe(false);
  });

  it('are fetched again where the manifest is in the store, which keeps what was signed alone', async () => {
    await putSigned(true);
    await using trusting = await open({});
    await trusting.pull(OLD);
    const { storage } = trusting;
    await using stowage = await open({ storage, verifySchema1Signatures: true });
    registry.requests.length = 0;
    await expect(stowage.pull(OLD)).rejects.toMatchObject({ code: 'INVALID_MANIFEST', reason: 'signature' });
    expect(registry.requests.map((request) => request.split(' ')[0])).toEqual(['HEAD', 'GET']);
    registry = new FakeRegistry();
    const { digest } = await putSigned();
    expect(await stowage.pull(OLD)).toMatchObject({ digest, status: 'up-to-date' });
  });
});
