import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32, kernelCrc32, plainCrc32 } from './crc32.ts';

describe.each([
  ['crc32', crc32],
  ['kernelCrc32', (bytes: Uint8Array, seed?: number) => kernelCrc32(bytes, seed ?? 0)],
  ['plainCrc32', (bytes: Uint8Array, seed?: number) => plainCrc32(bytes, seed ?? 0)],
])('%s', (_name, crc) => {
  it.each([
    ['', 0],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    ['123456789', 0xcbf43926],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('checks %j', (text, want) => {
    expect(crc(new TextEncoder().encode(text))).toBe(want);
  });

  it('goes on from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(crc(bytes.subarray(cut), crc(bytes.subarray(0, cut)))).toBe(crc(bytes));
      }),
    );
  });

  it('agrees with the others', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(0xffffffff), (bytes, seed) => {
        expect(crc(bytes, seed)).toBe(plainCrc32(bytes, seed));
      }),
    );
  });
});
