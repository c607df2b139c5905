import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HASH_PARAMETERS } from './hash-parameters.ts';
import { decodeHashState, encodeHashState, wordsToBytes } from './hash-state.ts';
import { toHex } from './hex.ts';

const ALGORITHMS = ['sha256', 'sha384', 'sha512'] as const;

const anyState = fc.constantFrom(...ALGORITHMS).chain((algorithm) => {
  const { block, initial } = HASH_PARAMETERS[algorithm];
  return fc
    .record({
      words: fc.uint32Array({ minLength: initial.length, maxLength: initial.length }),
      count: fc.maxSafeNat(),
      noise: fc.uint8Array({ minLength: block, maxLength: block }),
    })
    .map(({ words, count, noise }) => ({
      algorithm,
      state: {
        words: count < block ? Uint32Array.from(initial) : words,
        count,
        partial: noise.subarray(0, count % block),
      },
    }));
});

describe('a saved state', () => {
  it('has the layout that older states have', () => {
    const words = Uint32Array.from(HASH_PARAMETERS.sha512.initial);
    words[0] = 0x01020304;
    const bytes = encodeHashState('sha512', {
      words,
      count: 2 ** 33 + 2,
      partial: Uint8Array.of(0xaa, 0xbb),
    });
    expect(toHex(bytes)).toBe(
      '0103' +
        '0000000200000002' +
        '6a09e66701020304bb67ae8584caa73b3c6ef372fe94f82ba54ff53a5f1d36f1' +
        '510e527fade682d19b05688c2b3e6c1f1f83d9abfb41bd6b5be0cd19137e2179' +
        'aabb',
    );
    expect(toHex(wordsToBytes('sha256', Uint32Array.of(1, 2, 3, 4, 5, 6, 7, 0x0a0b0c0d))).slice(-16)).toBe(
      '000000070a0b0c0d',
    );
  });

  it('is read as it was written', () => {
    fc.assert(
      fc.property(anyState, ({ algorithm, state }) => {
        expect(decodeHashState(algorithm, encodeHashState(algorithm, state))).toEqual(state);
      }),
    );
  });

  it('is read from the middle of a buffer, and copied', () => {
    const { initial } = HASH_PARAMETERS.sha256;
    const state = { words: Uint32Array.from(initial), count: 1, partial: Uint8Array.of(7) };
    const bytes = Uint8Array.of(1, 2, 3, ...encodeHashState('sha256', state)).subarray(3);
    const read = decodeHashState('sha256', bytes);
    bytes.fill(0);
    expect(read).toEqual(state);
  });

  it('is refused, or is what the same bytes come from', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), fc.nat({ max: 255 }), ({ algorithm, state }, at, value) => {
        const bytes = encodeHashState(algorithm, state);
        bytes[at % Math.min(bytes.length, 16)] = value;
        let read;
        try {
          read = decodeHashState(algorithm, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(encodeHashState(algorithm, read)).toEqual(bytes);
      }),
    );
  });

  it.each(ALGORITHMS)('is refused when it is of another algorithm than %s, or of none', (algorithm) => {
    for (const other of ALGORITHMS.filter((name) => name !== algorithm)) {
      const words = Uint32Array.from(HASH_PARAMETERS[other].initial);
      const bytes = encodeHashState(other, { words, count: 0, partial: new Uint8Array(0) });
      expect(() => decodeHashState(algorithm, bytes)).toThrow(RangeError);
    }
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        fc.pre(bytes[0] !== 1);
        expect(() => decodeHashState(algorithm, bytes)).toThrow(RangeError);
      }),
    );
  });

  it('is refused when no bytes can have led to it', () => {
    const words = Uint32Array.from(HASH_PARAMETERS.sha256.initial);
    words[7] = 0;
    const partial = new Uint8Array(63);
    const bytes = encodeHashState('sha256', { words, count: 63, partial });
    expect(() => decodeHashState('sha256', bytes)).toThrow('before its first block');
    const later = encodeHashState('sha256', { words, count: 64, partial: new Uint8Array(0) });
    expect(decodeHashState('sha256', later).words).toEqual(words);
  });

  it.each([2n ** 53n, 2n ** 64n - 1n])('is refused when it counts %s bytes', (count) => {
    const { block, initial } = HASH_PARAMETERS.sha256;
    const words = Uint32Array.from(initial);
    const partial = new Uint8Array(Number(count % BigInt(block)));
    const bytes = encodeHashState('sha256', { words, count: 0, partial });
    new DataView(bytes.buffer).setBigUint64(2, count);
    expect(() => decodeHashState('sha256', bytes)).toThrow('too many bytes');
  });
});
