import { readFileSync } from 'node:fs';
import { decompress as fzstd } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { join } from '../test-support/bytes.ts';
import { decompressAll } from '../test-support/decompress-all.ts';
import { noise, zstdCommand } from '../test-support/zstd-command.ts';
import { createZstdCompressor } from './zstd-compressor.ts';

async function compress(content: Uint8Array): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const compressor = await createZstdCompressor({ onOutput: (bytes) => parts.push(bytes.slice()) });
  compressor.write(content);
  compressor.end();
  return join(...parts);
}

const same = (one: Uint8Array, other: Uint8Array): boolean => Buffer.compare(one, other) === 0;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The program that runs this test has code, tables and text; a part of it is enough. */
const PROGRAM = new Uint8Array(readFileSync(process.execPath).subarray(20_000_000, 26_000_000));
const TEXT = encode(
  Array.from({ length: 60_000 }, (_, at) => `line ${at * 7919} of ${at % 77} texts\n`).join(''),
);
const SOURCE = new Uint8Array(readFileSync(new URL(import.meta.resolve('typescript'))));
/** Every match is far back, and every literal is as frequent as any other. */
const FAR = join(noise(900_000), noise(900_000), noise(120_000, 256, 7), noise(900_000));

const CONTENTS: readonly (readonly [string, Uint8Array])[] = [
  ['nothing', new Uint8Array(0)],
  ['a byte', encode('a')],
  ['a line', encode('hello hello hello\n')],
  ['zeros', new Uint8Array(3_000_000)],
  ['noise', noise(300_000)],
  ['two values', noise(300_000, 2)],
  ['few values', noise(200_000, 5)],
  ['a pattern', Uint8Array.from({ length: 400_000 }, (_, at) => at % 7)],
  ['lines', TEXT],
  ['source', SOURCE],
  ['a program', PROGRAM],
  ['far matches', FAR],
  [
    'all kinds in turn',
    join(TEXT.subarray(0, 100_000), noise(200_000), new Uint8Array(300_000), PROGRAM, TEXT),
  ],
];

describe('zstd as others read it', () => {
  it.each(CONTENTS)('is read by the own decoder, fzstd and the zstd command: %s', async (_name, content) => {
    const compressed = await compress(content);
    expect(same(await decompressAll([compressed.slice()]), content)).toBe(true);
    expect(same(zstdCommand(compressed, '-d'), content)).toBe(true);
    expect(same(fzstd(compressed.slice()), content)).toBe(true);
  });

  it('is read whatever is in it, many frames at once', async () => {
    const contents = Array.from({ length: 2000 }, (_, at) =>
      join(noise((at * 37) % 3000, 1 + (at % 256), at), noise((at * 11) % 900, 1 + (at % 7), at + 5)),
    );
    const frames: Uint8Array[] = [];
    for (const content of contents) frames.push(await compress(content));
    expect(same(zstdCommand(join(...frames), '-d'), join(...contents))).toBe(true);
  });

  it('takes no more room than zstd -1 for source and programs', async () => {
    for (const content of [SOURCE, PROGRAM]) {
      expect((await compress(content)).length).toBeLessThan(zstdCommand(content, '-1').length);
    }
  });
});
