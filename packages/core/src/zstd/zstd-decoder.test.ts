import { describe, expect, it } from 'vitest';
import { join } from '../test-support/bytes.ts';
import { decompressAll } from '../test-support/decompress-all.ts';

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** "hello ", single segment, one raw block, a checksum. */
const HELLO = fromHex('28b52ffd240631000068656c6c6f20d23be1a9');
/** "world" a hundred times, one compressed block, no checksum. */
const WORLD = fromHex('28b52ffd60f40065000028776f726c640100ec508b16');
/** 300,000 zeros: a compressed block and two run-length blocks. */
const ZEROS = fromHex('28b52ffda0e09304005400001000000100fbff39c00202001000039f0400');
const SKIPPABLE = fromHex('5a2a4d180400000028b52ffd');

describe.each(['wasm', 'js'] as const)('zstd by %s', (zstdBackend) => {
  it('reads any number of frames, skippable ones and padding, however they are cut', async () => {
    const stream = join(SKIPPABLE, HELLO, SKIPPABLE, WORLD, ZEROS, new Uint8Array(3));
    for (let size = 1; size <= 10; size += 1) {
      const chunks = [];
      for (let at = 0; at < stream.length; at += size) chunks.push(stream.slice(at, at + size));
      const plain = await decompressAll(chunks, { zstdBackend });
      expect(plain).toHaveLength(300_506);
      expect(new TextDecoder().decode(plain.subarray(0, 506))).toBe(`hello ${'world'.repeat(100)}`);
      expect(plain.subarray(506).every((byte) => byte === 0)).toBe(true);
    }
  });

  it.each([
    ['UNSUPPORTED', 'cannot decompress zstd with a dictionary (ID 13330)', '28b52ffd0200123401000000'],
    ['INVALID_ARCHIVE', 'invalid zstd stream: a reserved bit is set', '28b52ffd2806010000'],
    ['INVALID_ARCHIVE', 'invalid zstd stream: invalid block type', '28b52ffd2006070000'],
    ['INVALID_ARCHIVE', 'invalid zstd stream: a block is too long', '28b52ffd2006410000'],
    ['INVALID_ARCHIVE', 'invalid zstd stream: incorrect length check', '28b52ffd20061900006162'.concat('63')],
    ['INVALID_ARCHIVE', 'invalid zstd stream: garbage after its end', '28b52ffd200109000061ff000000'],
    ['LIMIT_EXCEEDED', 'the window of a zstd frame is longer than 134217728 bytes', '28b52ffd0089010000'],
  ])('answers %s: %s', async (code, message, hex) => {
    await expect(decompressAll([fromHex(hex)], { zstdBackend })).rejects.toMatchObject({ code, message });
  });
});
