import { describe, expect, it } from 'vitest';
import { detectFormat } from './compression-format.ts';

const MAGICS = [
  ['gzip', [0x1f, 0x8b, 0x08]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['zstd', [0x50, 0x2a, 0x4d, 0x18]],
  ['zstd', [0x5f, 0x2a, 0x4d, 0x18]],
  ['bzip2', [0x42, 0x5a, 0x68]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
] as const;

describe('detectFormat', () => {
  it.each(MAGICS)('knows %s once its magic number is whole', (format, magic) => {
    for (let length = 0; length < magic.length; length += 1) {
      expect(detectFormat(Uint8Array.from(magic.slice(0, length)))).toBeUndefined();
    }
    expect(detectFormat(Uint8Array.from(magic))).toBe(format);
    expect(detectFormat(Uint8Array.from([...magic, 1, 2]))).toBe(format);
  });

  it.each(MAGICS)('takes what is nearly %s for plain', (_format, magic) => {
    for (let index = 0; index < magic.length; index += 1) {
      const near = Uint8Array.from(magic);
      near[index] = 0xee;
      expect(detectFormat(near)).toBe('plain');
    }
  });
});
