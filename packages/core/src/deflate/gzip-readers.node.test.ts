// What the compressor makes, read by everything else that reads gzip.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ungzip } from 'pako';
import { beforeAll, describe, expect, it } from 'vitest';
import { collect } from '../stream/collect.ts';
import { streamOf } from '../stream/stream-of.ts';
import { join } from '../test-support/bytes.ts';
import { gzipCorpus, sameBytes } from '../test-support/gzip-corpus.ts';
import { gzip } from './gzip.ts';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/libc.so.6';

/** Machine code is what layers mostly hold: the C library where there is one, and part of Node itself. */
const CORPUS: readonly (readonly [string, Uint8Array])[] = [
  ...gzipCorpus(),
  ['Node', readFileSync(process.execPath).subarray(30_000_000, 33_000_000)],
  ...(existsSync(LIBRARY) ? ([['the C library', readFileSync(LIBRARY)]] as const) : []),
];

const PYTHON = 'import gzip, sys; sys.stdout.buffer.write(gzip.decompress(sys.stdin.buffer.read()))';

/** Programs that read gzip from standard input. */
const PROGRAMS: readonly (readonly [string, readonly string[]])[] = [
  ['gzip', ['-dc']],
  ['pigz', ['-dc']],
  ['libdeflate-gunzip', ['-c']],
  ['python3', ['-c', PYTHON]],
];

const isThere = (program: string): boolean => spawnSync(program, ['-h']).error === undefined;

function readBy(program: string, args: readonly string[], input: Uint8Array): Uint8Array {
  const { status, stdout, stderr } = spawnSync(program, args, { input, maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${program} ended with ${String(status)}: ${stderr.toString()}`);
  return stdout;
}

describe.each([1, 6, 9])('gzip of level %i', (level) => {
  let compressed: readonly Uint8Array[];

  beforeAll(async () => {
    const limits = { maxBytes: 64 * 1024 * 1024 };
    compressed = await Promise.all(
      CORPUS.map(([, bytes]) => collect(streamOf(bytes).pipeThrough(gzip({ level })), limits)),
    );
  }, 60_000);

  const givesAllBack = (read: (bytes: Uint8Array) => Uint8Array): void => {
    const wrong = CORPUS.filter(
      ([, bytes], index) => !sameBytes(read(compressed[index] ?? new Uint8Array()), bytes),
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
  };

  it('is read by node:zlib', () => {
    givesAllBack((bytes) => gunzipSync(bytes));
  });

  it('is read by pako', () => {
    givesAllBack((bytes) => ungzip(bytes));
  });

  // All of it as one file of many members, as a program takes longer to start than to read.
  it.each(PROGRAMS.filter(([name]) => isThere(name)))(
    'is read by %s',
    (name, args) => {
      const plain = readBy(name, args, join(...compressed));
      expect(sameBytes(plain, join(...CORPUS.map(([, bytes]) => bytes)))).toBe(true);
    },
    60_000,
  );
});
