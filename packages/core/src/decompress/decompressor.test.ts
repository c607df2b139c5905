import { gzip } from 'pako';
import { describe, expect, it } from 'vitest';
import { createDecompressor } from './decompressor.ts';
import { decompressAll } from '../test-support/decompress-all.ts';

const TEXT = new TextEncoder().encode('The quick brown fox jumps over the lazy dog.');
const MEMBER = gzip(TEXT);

/** The bytes one by one, each in memory of its own. */
function single(bytes: ArrayLike<number>): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

describe('createDecompressor', () => {
  it('passes on what is not compressed', async () => {
    const tar = new TextEncoder().encode('etc/passwd');
    expect(await decompressAll([tar.slice()])).toEqual(tar);
    expect(await decompressAll(single(tar))).toEqual(tar);
  });

  it.each([
    ['nothing', []],
    ['a byte that begins a magic number', [0xfd]],
    ['most of a magic number', [0xfd, 0x37, 0x7a, 0x58, 0x5a]],
    ['two bytes of gzip', [0x1f, 0x8b]],
    ['text that begins as bzip2 does', [0x42, 0x5a, 0x69]],
  ])('takes %s for plain', async (_name, bytes) => {
    expect(await decompressAll([Uint8Array.from(bytes)])).toEqual(Uint8Array.from(bytes));
    expect(await decompressAll(single(bytes))).toEqual(Uint8Array.from(bytes));
  });

  it.each([
    ['bzip2', [0x42, 0x5a, 0x68, 0x39]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ])('refuses %s by name', async (format, bytes) => {
    await expect(decompressAll(single(bytes))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: `cannot decompress ${format}`,
    });
  });

  it('tells the format and counts', async () => {
    const decompressor = createDecompressor({ onOutput: () => undefined });
    expect(decompressor.format).toBeUndefined();
    await decompressor.write(MEMBER.subarray(0, 2));
    expect(decompressor.format).toBeUndefined();
    await decompressor.write(MEMBER.subarray(2));
    await decompressor.end();
    expect(decompressor.format).toBe('gzip');
    expect([decompressor.bytesIn, decompressor.bytesOut]).toEqual([MEMBER.length, TEXT.length]);
  });

  it('insists on a format when told to', async () => {
    expect(await decompressAll([MEMBER.slice()], { format: 'gzip' })).toEqual(TEXT);
    await expect(decompressAll([TEXT.slice()], { format: 'gzip' })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: 'not a gzip stream: it looks like plain',
    });
    await expect(decompressAll([MEMBER.slice()], { format: 'zstd' })).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: 'not a zstd stream: it looks like gzip',
    });
    for (const start of [0, 1, 2]) {
      await expect(decompressAll([MEMBER.slice(0, start)], { format: 'gzip' })).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
        message: 'invalid gzip stream: unexpected end of file',
      });
    }
  });

  it('limits plain content too, and lets nothing through a limit that is no number', async () => {
    expect(await decompressAll([new Uint8Array(10)], { maxBytes: 10 })).toHaveLength(10);
    for (const maxBytes of [9, 0, NaN]) {
      await expect(decompressAll([new Uint8Array(10)], { maxBytes })).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
    }
  });

  it('takes nothing after its end, and cancel does no harm then', async () => {
    const decompressor = createDecompressor({ onOutput: () => undefined });
    await decompressor.end();
    await decompressor.cancel();
    const failure = { code: 'INVALID_ARGUMENT', message: 'the decompressor has ended' };
    await expect(decompressor.write(TEXT)).rejects.toMatchObject(failure);
    await expect(decompressor.end()).rejects.toMatchObject(failure);
  });

  it('can be cancelled before anything came', async () => {
    const decompressor = createDecompressor({ onOutput: () => undefined });
    await decompressor.cancel();
    await expect(decompressor.write(TEXT)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});
