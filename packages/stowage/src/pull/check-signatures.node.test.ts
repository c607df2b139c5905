import { readFileSync } from 'node:fs';
import { parseSignedManifest } from '@stowage/types';
import type { SignedManifest } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { checkSignatures } from './check-signatures.ts';

/** The key of Docker Hub, with which it signed manifests in 2015. */
const KEY = {
  crv: 'P-256',
  kty: 'EC',
  x: 'Cu_UyxwLgHzE9rvlYSmvVdqYCXY42E9eNhBb0xNv0SQ',
  y: 'zUsjWJkeKQ5tv7S-hl1Tg71cd-CqnrtiiLxSi6N_yc8',
};

function read(name: string): SignedManifest {
  const url = new URL(`../../../../test/fixtures/schema1/${name}.json`, import.meta.url);
  return parseSignedManifest(new Uint8Array(readFileSync(url)));
}

describe('signatures of recorded manifests', () => {
  it.each(['good', 'extra_data'])('%s are by the key of Docker Hub', async (name) => {
    await expect(checkSignatures(read(name), [KEY])).resolves.toBeUndefined();
  });

  it('bad are refused', async () => {
    await expect(checkSignatures(read('bad'), true)).rejects.toMatchObject({ code: 'INVALID_MANIFEST' });
  });
});
