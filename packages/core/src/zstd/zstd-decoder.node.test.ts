import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { decompressAll } from '../test-support/decompress-all.ts';
import { noise, zstdCommand } from '../test-support/zstd-command.ts';

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The program that runs this test has code, tables and text; a part of it is enough. */
const PROGRAM = new Uint8Array(readFileSync(process.execPath).subarray(20_000_000, 20_400_000));

const CONTENTS: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['a byte', encode('a')],
  ['a line', encode('hello hello hello\n')],
  ['zeros', new Uint8Array(400_000)],
  ['noise', noise(150_000)],
  ['few values', noise(150_000, 5)],
  ['text', encode(Array.from({ length: 8000 }, (_, at) => `line ${at * 7919} of text\n`).join(''))],
  ['a program', PROGRAM],
];

const BACKENDS = ['wasm', 'js'] as const;

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.slice(at * size, (at + 1) * size),
  );
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;

describe('zstd against the zstd command', () => {
  it.each(CONTENTS)('agrees at every level: %s', { timeout: 60_000 }, async (_name, content) => {
    // A level says little of short content, and much of the time goes into starting the command.
    const levels = content.length < 1000 ? [1, 19] : Array.from({ length: 19 }, (_, index) => index + 1);
    const options = [
      ...levels.map((level) => [`-${level}`, level % 2 === 0 ? '--check' : '--no-check']),
      ['--fast=5'],
      // Told the length: else the command takes 700 MB to be ready for any.
      ['--ultra', '-22', `--stream-size=${String(content.length)}`],
      ['--long=27', '--check'],
    ];
    for (const option of options) {
      const stream = zstdCommand(content, ...option);
      for (const zstdBackend of BACKENDS) {
        expect(same(await decompressAll([stream.slice()], { zstdBackend }), content)).toBe(true);
      }
    }
  });

  it('takes input in pieces of 1 to 10 bytes', { timeout: 30_000 }, async () => {
    for (const [, content] of CONTENTS) {
      const stream = zstdCommand(content.subarray(0, 40_000), '-9', '--check');
      for (let size = 1; size <= 10; size += 1) {
        for (const zstdBackend of BACKENDS) {
          const plain = await decompressAll(cut(stream, size), { zstdBackend });
          expect(same(plain, content.subarray(0, 40_000))).toBe(true);
        }
      }
    }
  });

  it('slides its window, however long it is', { timeout: 30_000 }, async () => {
    const content = Uint8Array.from({ length: 3_000_000 }, (_, at) => PROGRAM[(at * 3) % 399_999] ?? 0);
    for (const option of ['--zstd=wlog=10', '--zstd=wlog=17', '--zstd=wlog=21,strat=7']) {
      const stream = zstdCommand(content, option, '--check');
      for (const zstdBackend of BACKENDS) {
        expect(same(await decompressAll(cut(stream, 70_000), { zstdBackend }), content)).toBe(true);
      }
    }
  });

  it.each(BACKENDS)('finds every truncation and every spoilt checksum: %s', async (zstdBackend) => {
    const stream = zstdCommand(PROGRAM.subarray(0, 3000), '--check');
    for (let length = 0; length < stream.length; length += 1) {
      await expect(
        decompressAll([stream.slice(0, length)], { format: 'zstd', zstdBackend }),
      ).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
      });
    }
    stream[stream.length - 1] = (stream[stream.length - 1] as number) ^ 1;
    await expect(decompressAll([stream], { zstdBackend })).rejects.toMatchObject({
      message: 'invalid zstd stream: incorrect data check',
    });
  });

  it.each(BACKENDS)('keeps to limits of window, length and ratio: %s', async (zstdBackend) => {
    const content = noise(3_000_000, 2);
    const stream = zstdCommand(content, '--long=27', '--check', '--stream-size=3000000');
    for (const options of [
      { maxWindow: 65_536 },
      { maxWindow: NaN },
      { maxBytes: 2_999_999 },
      { maxRatio: 2 },
    ]) {
      await expect(decompressAll([stream.slice()], { ...options, zstdBackend })).rejects.toMatchObject({
        code: 'LIMIT_EXCEEDED',
      });
    }
    expect(await decompressAll([stream], { maxBytes: 3_000_000, zstdBackend })).toHaveLength(3_000_000);
  });
});
