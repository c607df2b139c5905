import { randomBytes } from 'node:crypto';
import zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createInflater } from './inflater.ts';
import type { InflaterInit } from './inflater-init.ts';

async function inflate(
  stream: Uint8Array,
  init: Omit<InflaterInit, 'onOutput'>,
  size = 1 << 20,
): Promise<Buffer> {
  const output: Uint8Array[] = [];
  const inflater = await createInflater({ ...init, onOutput: (bytes) => output.push(bytes.slice()) });
  for (let at = 0; at < stream.length; at += size) inflater.write(stream.subarray(at, at + size));
  inflater.end();
  return Buffer.concat(output);
}

const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = zlib.constants;
const STRATEGIES = [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_HUFFMAN_ONLY, Z_RLE, Z_FIXED];
const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const FORMATS = [
  ['gzip', zlib.gzipSync],
  ['zlib', zlib.deflateSync],
  ['raw', zlib.deflateRawSync],
] as const;

/** What compresses to codes of up to 15 bits: each byte is about half as frequent as the one before. */
const SKEWED = Buffer.from(
  Array.from({ length: 200_000 }, (_, index) => Math.clz32((Math.imul(index, 0x9e3779b1) >>> 0) % 2 ** 26)),
);
const CONTENTS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('x'),
  randomBytes(70_000),
  Buffer.alloc(700_000),
  Buffer.from('the quick brown fox '.repeat(20_000)),
  SKEWED,
  Buffer.concat([
    randomBytes(33_000),
    SKEWED.subarray(0, 50_000),
    Buffer.alloc(300_000, 'ab'),
    randomBytes(9),
  ]),
];

/** Structured content: pieces of few letters, runs, noise, and what came before. */
const contents: fc.Arbitrary<Buffer> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 3000 }),
      fc.uint8Array({ maxLength: 3000, max: 3 }),
      fc.tuple(fc.nat(255), fc.nat(40_000)).map(([byte, length]) => new Uint8Array(length).fill(byte)),
      fc.tuple(fc.nat(40_000), fc.nat(40_000)),
    ),
    { maxLength: 8 },
  )
  .map((parts) =>
    parts.reduce<Buffer>(
      (content, part) =>
        Buffer.concat([
          content,
          part instanceof Uint8Array ? part : content.subarray(part[0], part[0] + part[1]),
        ]),
      Buffer.alloc(0),
    ),
  );

describe.each(['wasm', 'js'] as const)('inflation by %s against node:zlib', (backend) => {
  it.each(FORMATS)('agrees at every level and strategy (%s)', async (format, compress) => {
    for (const content of CONTENTS) {
      for (const level of LEVELS) {
        const stream = compress(content, { level });
        expect((await inflate(stream, { backend, format })).equals(content)).toBe(true);
      }
      for (const strategy of STRATEGIES) {
        const stream = compress(content, { strategy });
        expect((await inflate(stream, { backend, format }, 10_007)).equals(content)).toBe(true);
      }
    }
  });

  it('agrees for every size of window and memory', async () => {
    for (const content of CONTENTS) {
      for (const windowBits of [9, 10, 11, 12, 13, 14, 15]) {
        for (const memLevel of [1, 5, 9]) {
          const stream = zlib.deflateSync(content, { windowBits, memLevel });
          expect((await inflate(stream, { backend, format: 'zlib' })).equals(content)).toBe(true);
        }
      }
    }
  });

  it('agrees for every length up to 1100, in pieces of every size up to 10', async () => {
    const content = Buffer.concat([Buffer.from('abc'.repeat(70)), randomBytes(300), Buffer.alloc(600)]);
    for (let length = 0; length <= 1100; length += 1) {
      const part = content.subarray(0, length);
      const stream = zlib.gzipSync(part, { level: length % 10 });
      expect((await inflate(stream, { backend }, 1 + (length % 10))).equals(part)).toBe(true);
    }
  });

  it('agrees in pieces of 1 to 10 bytes over windows and full buffers', async () => {
    const content = Buffer.concat([
      SKEWED,
      randomBytes(5000),
      Buffer.alloc(400_000),
      SKEWED.subarray(0, 5000),
    ]);
    const stream = zlib.gzipSync(content);
    for (let size = 1; size <= 10; size += 1) {
      expect((await inflate(stream, { backend }, size)).equals(content)).toBe(true);
    }
  });

  it('agrees on 4 MiB at once', async () => {
    const content = Buffer.concat([randomBytes(3 << 20), SKEWED, randomBytes(1 << 20)]);
    const stream = zlib.gzipSync(content);
    expect(stream.length).toBeGreaterThan(4 << 20);
    expect((await inflate(stream, { backend }, 4 << 20)).equals(content)).toBe(true);
  });

  it('agrees after every kind of flush', async () => {
    const { Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK } = zlib.constants;
    for (const flush of [Z_NO_FLUSH, Z_PARTIAL_FLUSH, Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_BLOCK]) {
      const gzip = zlib.createGzip();
      const chunks: Buffer[] = [];
      gzip.on('data', (chunk: Buffer) => chunks.push(chunk));
      const parts = Array.from({ length: 30 }, (_, index) => SKEWED.subarray(index * 50, index * 150));
      for (const part of parts) {
        await new Promise<void>((resolve) => {
          gzip.write(part);
          gzip.flush(flush, resolve);
        });
      }
      await new Promise((resolve) => gzip.on('end', resolve).end());
      const stream = Buffer.concat(chunks);
      for (const size of [1, 5, 1 << 20]) {
        expect((await inflate(stream, { backend }, size)).equals(Buffer.concat(parts))).toBe(true);
      }
    }
  });

  it('agrees on any content however it is compressed and cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        contents,
        fc.constantFrom(...LEVELS),
        fc.constantFrom(...STRATEGIES),
        fc.oneof(fc.integer({ min: 1, max: 10 }), fc.integer({ min: 1, max: 100_000 })),
        async (content, level, strategy, size) => {
          const stream = zlib.gzipSync(content, { level, strategy });
          expect((await inflate(stream, { backend }, size)).equals(content)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('gives out what a flush made complete', async () => {
    const gzip = zlib.createGzip();
    let flushed = Buffer.alloc(0);
    gzip.on('data', (chunk: Buffer) => (flushed = Buffer.concat([flushed, chunk])));
    await new Promise<void>((resolve) => {
      gzip.write('so far');
      gzip.flush(resolve);
    });
    let text = '';
    const inflater = await createInflater({
      backend,
      onOutput: (bytes) => (text += Buffer.from(bytes).toString()),
    });
    inflater.write(flushed);
    expect(text).toBe('so far');
    inflater.free();
    gzip.destroy();
  });
});

it('computes the checksum by itself where there is no node:zlib', async () => {
  const content = Buffer.concat([randomBytes(1000), SKEWED]);
  const stream = zlib.gzipSync(content);
  const spoilt = Buffer.from(stream);
  spoilt[spoilt.length - 8] = (spoilt[spoilt.length - 8] ?? 0) ^ 1;
  // With no engine that was made before, and knows of node:zlib.
  vi.resetModules();
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
  const fresh = (await import('./inflater.ts')).createInflater;
  for (const backend of ['wasm', 'js'] as const) {
    const output: Uint8Array[] = [];
    const inflater = await fresh({ backend, onOutput: (bytes) => output.push(bytes.slice()) });
    inflater.write(stream);
    inflater.end();
    expect(Buffer.concat(output).equals(content)).toBe(true);
    const failing = await fresh({ backend, onOutput: () => undefined });
    expect(() => {
      failing.write(spoilt);
    }).toThrow('incorrect data check');
  }
  vi.restoreAllMocks();
});
