import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { adler32 } from './adler32.ts';

describe('adler32', () => {
  it.each([
    ['', 1],
    ['a', 0x00620062],
    ['Wikipedia', 0x11e60398],
  ])('checks %j', (text, want) => {
    expect(adler32(new TextEncoder().encode(text), 1)).toBe(want);
  });

  it('is its definition, over long runs of the largest bytes too', () => {
    const bytes = new Uint8Array(20_000).fill(0xff);
    let [sum, sums] = [1, 0];
    for (const byte of bytes) {
      sum = (sum + byte) % 65_521;
      sums = (sums + sum) % 65_521;
    }
    expect(adler32(bytes, 1)).toBe(sums * 65_536 + sum);
  });

  it('goes on from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        expect(adler32(bytes.subarray(cut), adler32(bytes.subarray(0, cut), 1))).toBe(adler32(bytes, 1));
      }),
    );
  });
});
