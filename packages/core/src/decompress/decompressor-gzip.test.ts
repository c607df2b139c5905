import fc from 'fast-check';
import { gzip } from 'pako';
import { describe, expect, it, vi } from 'vitest';
import { backends } from '../backends.ts';
import { createDecompressor } from './decompressor.ts';
import type { GunzipBackend } from './decompress-options.ts';
import { join } from '../test-support/bytes.ts';
import { decompressAll } from '../test-support/decompress-all.ts';

/** What can run here. */
const BACKENDS: readonly GunzipBackend[] =
  backends().crc32 === 'zlib' ? ['wasm', 'js', 'zlib'] : ['wasm', 'js'];

const TEXT = new TextEncoder().encode('The quick brown fox jumps over the lazy dog. '.repeat(40));
const MEMBER = gzip(TEXT);

function cut(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, index) => bytes.slice(index * size, (index + 1) * size));
}

describe.each(BACKENDS)('gzip with %s', (gunzipBackend) => {
  const gunzipped = (...chunks: readonly Uint8Array[]): Promise<Uint8Array> =>
    decompressAll(chunks, { gunzipBackend });

  it('decompresses, however the stream is cut', async () => {
    for (const size of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1000]) {
      expect(await gunzipped(...cut(MEMBER, size))).toEqual(TEXT);
    }
  });

  it('decompresses what the platform compresses', async () => {
    const stream = new Blob([TEXT]).stream().pipeThrough(new CompressionStream('gzip'));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    expect(await gunzipped(bytes)).toEqual(TEXT);
  });

  it('goes from member to member, however the stream is cut', async () => {
    const empty = gzip(new Uint8Array(0));
    const stream = join(MEMBER, empty, MEMBER, MEMBER);
    for (const size of [1, 5, MEMBER.length, 10_000]) {
      expect(await gunzipped(...cut(stream, size))).toEqual(join(TEXT, TEXT, TEXT));
    }
  });

  it('skips name, comment, extra field and header checksum', async () => {
    const FLAGS = 0x1f;
    const header = [0x1f, 0x8b, 8, FLAGS, 0, 0, 0, 0, 0, 3, 2, 0, 1, 2, 0x61, 0, 0x62, 0];
    // Its CRC-16, the low half of the CRC-32.
    const { crc32 } = await import('../inflate/crc32.ts');
    const check = crc32(Uint8Array.from(header)) & 0xffff;
    const stream = join(header, [check & 0xff, check >> 8], MEMBER.subarray(10));
    expect(await gunzipped(...cut(stream, 3))).toEqual(TEXT);
  });

  it('is right for any members cut anyhow', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 2000 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 500 }),
        fc.nat(20),
        async (members, size, padding) => {
          const stream = join(...members.map((member) => gzip(member)), new Uint8Array(padding));
          expect(await gunzipped(...cut(stream, size))).toEqual(join(...members));
        },
      ),
      { numRuns: 40 },
    );
  });

  it('accepts zeros after the end as padding', async () => {
    for (const size of [1, MEMBER.length, 10_000]) {
      expect(await gunzipped(...cut(join(MEMBER, new Uint8Array(700)), size))).toEqual(TEXT);
    }
  });

  it.each([
    ['garbage after the end', join(MEMBER, [1, 2, 3]), 'garbage after its end'],
    ['garbage after padding', join(MEMBER, [0, 0, 1]), 'garbage after its end'],
    ['a member after padding', join(MEMBER, [0, 0], MEMBER), 'garbage after its end'],
    ['half a header after the end', join(MEMBER, [0x1f, 0x8b]), 'unexpected end of file'],
    ['a missing last byte', MEMBER.slice(0, -1), 'unexpected end of file'],
    ['a missing trailer', MEMBER.slice(0, -8), 'unexpected end of file'],
    ['nothing but a magic number', MEMBER.slice(0, 3), 'unexpected end of file'],
    ['a wrong checksum', MEMBER.with(-6, (MEMBER.at(-6) ?? 0) ^ 1), 'incorrect data check'],
    ['a wrong length', MEMBER.with(-2, (MEMBER.at(-2) ?? 0) ^ 1), 'incorrect length check'],
    ['reserved flags', MEMBER.with(3, 0xe0), 'unknown header flags set'],
    ['a block of no type', join(MEMBER.slice(0, 10), [0x07]), 'invalid block type'],
  ])('refuses %s', async (_name, stream, message) => {
    for (const size of [1, 7, 10_000]) {
      await expect(gunzipped(...cut(stream, size))).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
        message: `invalid gzip stream: ${message}`,
      });
    }
  });

  it('never takes a damaged stream for a whole one', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(MEMBER.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = MEMBER.with(at, (MEMBER[at] ?? 0) ^ change);
        const result = await gunzipped(damaged.slice()).catch((error: unknown) => error);
        // Without its magic number it is no gzip; some bits say nothing of the content.
        if (at < 3) expect(result).toEqual(damaged);
        else if (result instanceof Uint8Array) expect(result).toEqual(TEXT);
        else expect(result).toMatchObject({ code: 'INVALID_ARCHIVE' });
      }),
      { numRuns: 100 },
    );
  });

  it('gives out bytes that slice() copies', async () => {
    const copies: Uint8Array[] = [];
    const decompressor = createDecompressor({
      gunzipBackend,
      onOutput(bytes) {
        copies.push(bytes.slice());
        bytes.fill(0);
      },
    });
    await decompressor.write(MEMBER.slice());
    await decompressor.end();
    expect(join(...copies)).toEqual(TEXT);
  });

  it('stops a bomb at the limit', async () => {
    const bomb = gzip(new Uint8Array(20_000_000));
    let given = 0;
    const decompressor = createDecompressor({
      gunzipBackend,
      maxBytes: 1_000_000,
      onOutput: (bytes) => (given += bytes.length),
    });
    const failure = {
      code: 'LIMIT_EXCEEDED',
      message: 'content is longer than 1000000 bytes once decompressed',
    };
    await expect(decompressor.write(bomb)).rejects.toMatchObject(failure);
    expect(given).toBeLessThanOrEqual(1_000_000);
    await expect(decompressor.write(bomb)).rejects.toMatchObject(failure);
    await expect(decompressor.end()).rejects.toMatchObject(failure);
  });

  it('stops what expands too much, but not before a mebibyte', async () => {
    const small = gzip(new Uint8Array(1024 * 1024));
    expect((await decompressAll([small], { gunzipBackend, maxRatio: 10 })).length).toBe(1024 * 1024);
    const large = gzip(new Uint8Array(3 * 1024 * 1024));
    await expect(decompressAll([large.slice()], { gunzipBackend, maxRatio: 10 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
      message: 'content is more than 10 times longer once decompressed',
    });
    expect((await decompressAll([large], { gunzipBackend, maxRatio: 1100 })).length).toBe(3 * 1024 * 1024);
  });

  it('fails with what onOutput throws', async () => {
    const failure = new Error('of the receiver');
    const onOutput = vi.fn(() => {
      throw failure;
    });
    const decompressor = createDecompressor({ gunzipBackend, onOutput });
    await expect(decompressor.write(gzip(new Uint8Array(1_000_000)))).rejects.toBe(failure);
    await expect(decompressor.end()).rejects.toBe(failure);
    expect(onOutput).toHaveBeenCalledOnce();
  });

  it('can be cancelled while a call waits', async () => {
    const onOutput = vi.fn();
    const decompressor = createDecompressor({ gunzipBackend, onOutput });
    const waiting = decompressor.write(gzip(new Uint8Array(20_000_000)));
    await Promise.all([decompressor.cancel(), decompressor.cancel()]);
    const failure = { code: 'INVALID_ARGUMENT', message: 'the decompressor was cancelled' };
    await expect(waiting).rejects.toMatchObject(failure);
    await expect(decompressor.write(MEMBER)).rejects.toMatchObject(failure);
    await expect(decompressor.end()).rejects.toMatchObject(failure);
    expect(onOutput).not.toHaveBeenCalled();
  });

  it('can be cancelled by the receiver', async () => {
    let calls = 0;
    const decompressor = createDecompressor({
      gunzipBackend,
      onOutput() {
        calls += 1;
        void decompressor.cancel();
      },
    });
    await expect(decompressor.write(gzip(new Uint8Array(5_000_000)))).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    expect(calls).toBe(1);
  });

  it('leaves nothing unhandled when its promises are dropped', async () => {
    const decompressor = createDecompressor({ gunzipBackend, onOutput: () => undefined });
    void decompressor.write(join(MEMBER, [1, 2, 3]));
    // The runner fails on an unhandled rejection; the failure is still there to be seen.
    await vi.waitFor(async () => {
      await expect(decompressor.write(MEMBER)).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
    });
  });

  it('takes one call at a time', async () => {
    const decompressor = createDecompressor({ gunzipBackend, onOutput: () => undefined });
    const first = decompressor.write(MEMBER);
    await expect(decompressor.write(MEMBER)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(decompressor.end()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await first;
    await decompressor.end();
  });
});
