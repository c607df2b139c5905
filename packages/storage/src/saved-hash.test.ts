import { createDigester } from '@stowage/core';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatSavedHash, MAX_SAVED_HASH_BYTES, parseSavedHash } from './saved-hash.ts';

describe('a saved hash', () => {
  it('is a line of text, whatever its state', () => {
    const hash = fc.record({
      algorithm: fc.constantFrom('sha256', 'sha384', 'sha512'),
      size: fc.maxSafeNat(),
      state: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    });
    fc.assert(
      fc.property(hash, (saved) => {
        expect(parseSavedHash(formatSavedHash(saved))).toEqual(saved);
      }),
    );
  });

  it('fits into its file for every algorithm', async () => {
    for (const algorithm of ['sha256', 'sha384', 'sha512'] as const) {
      const digester = await createDigester(algorithm, { resumable: true });
      digester.update(new Uint8Array(127));
      const text = formatSavedHash({ algorithm, size: Number.MAX_SAFE_INTEGER, state: digester.save() });
      expect(text.length).toBeLessThan(MAX_SAVED_HASH_BYTES);
    }
  });

  it('is nothing where the line is another', () => {
    for (const text of [
      '',
      'sha256 1 ',
      'md5 1 00\n',
      'sha256 -1 00\n',
      'sha256 1 0\n',
      'sha256 9999999999999999 00\n',
    ]) {
      expect(parseSavedHash(text)).toBe(undefined);
    }
  });
});
