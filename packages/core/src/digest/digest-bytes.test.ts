import type { DigestAlgorithm } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { digestBytes } from './digest-bytes.ts';

describe('digestBytes', () => {
  it.each([
    ['sha256', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    [
      'sha384',
      '38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b',
    ],
    [
      'sha512',
      'cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce' +
        '47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e',
    ],
  ] as const)('hashes nothing with %s', async (algorithm, encoded) => {
    expect(await digestBytes(new Uint8Array(0), algorithm)).toBe(`${algorithm}:${encoded}`);
  });

  it('hashes the bytes of a view and no others, with sha256 when nothing is named', async () => {
    const bytes = new TextEncoder().encode('xabcx').subarray(1, 4);
    expect(await digestBytes(bytes)).toBe(
      'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('refuses an algorithm that it does not know', async () => {
    await expect(digestBytes(new Uint8Array(0), 'md5' as DigestAlgorithm)).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});
