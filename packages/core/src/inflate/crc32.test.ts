import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { crc32, crc32Backend, kernelCrc32, plainCrc32 } from './crc32.ts';

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

describe('crc32', () => {
  const bytes = Uint8Array.from({ length: 150_000 }, (_, index) => (index * index) >> 5);

  afterEach(() => {
    vi.restoreAllMocks();
  });

  function hideNode(): void {
    if ('process' in globalThis) vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  }

  it('goes by WebAssembly where there is no node:zlib, in slices of a long content', () => {
    hideNode();
    expect(crc32Backend()).toBe('wasm');
    for (const length of [10, 1023, 1024, 65_536, 65_537, 150_000]) {
      const part = bytes.subarray(0, length);
      expect(crc32(part, 7)).toBe(plainCrc32(part, 7));
      expect(kernelCrc32(part, 7)).toBe(plainCrc32(part, 7));
    }
  });
});
