import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { digestBytes } from '../digest/digest-bytes.ts';
import { decompress } from '../decompress/decompress.ts';
import { collect } from '../stream/collect.ts';
import { iterate } from '../stream/iterate.ts';
import { streamOf } from '../stream/stream-of.ts';
import { join } from '../test-support/bytes.ts';
import { decompressAll } from '../test-support/decompress-all.ts';
import { createZstdCompressor, zstd } from './zstd-compressor.ts';

/** Compresses bytes that are cut at some places. */
async function compress(content: Uint8Array, cuts: readonly number[] = []): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const compressor = await createZstdCompressor({ onOutput: (bytes) => parts.push(bytes.slice()) });
  let from = 0;
  for (const cut of [...cuts, content.length]) {
    compressor.write(content.subarray(from, cut));
    from = cut;
  }
  compressor.end();
  return join(...parts);
}

function noise(length: number, values = 256, seed = 1): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 16) % values;
  });
}

/** Whether two arrays are the same; an assertion would print millions of numbers. */
function same(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

async function survives(content: Uint8Array): Promise<boolean> {
  return same(await decompressAll([await compress(content)], { format: 'zstd' }), content);
}

/** Symbols as frequent as the numbers of Fibonacci: no code of 11 bits is long enough for the rarest. */
function fibonacci(): Uint8Array {
  const bytes: number[] = [];
  for (let symbol = 0, count = 1, before = 1; symbol < 22; symbol += 1) {
    for (let times = 0; times < count; times += 1) bytes.push(symbol * 11);
    [count, before] = [count + before, count];
  }
  const order = noise(bytes.length * 4, 256, 3);
  const keyed = bytes.map((byte, at) => [
    (order[at * 4] ?? 0) * 65_536 + (order[at * 4 + 1] ?? 0) * 256,
    byte,
  ]);
  return Uint8Array.from(keyed.sort(([one = 0], [other = 0]) => one - other).map(([, byte = 0]) => byte));
}

const LINES = new TextEncoder().encode(
  Array.from({ length: 40_000 }, (_, at) => `${at * 7919} is line ${at % 77}\n`).join(''),
);
const MIXED = join(LINES.subarray(0, 200_000), noise(140_000), new Uint8Array(300_000), LINES);

describe('createZstdCompressor', () => {
  it.each([0, 1, 2, 31, 32, 255, 256, 65_791, 65_792, 131_071, 131_072, 131_073, 262_144, 2_100_000])(
    'gives %s bytes back',
    async (length) => {
      for (const content of [new Uint8Array(length), noise(length), noise(length, 3), noise(length, 100)]) {
        expect(await survives(content)).toBe(true);
      }
      expect(await survives(LINES.subarray(0, length))).toBe(true);
    },
  );

  it('gives back what strains its codes', async () => {
    const every = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect(await survives(every)).toBe(true);
    expect(await survives(fibonacci())).toBe(true);
    for (let values = 2; values < 256; values += 1) {
      expect(await survives(noise(1000, values, values))).toBe(true);
    }
  });

  it('reaches back through its window and no further', async () => {
    const block = noise(131_072);
    for (const gap of [0, 800_000, 917_504, 917_505, 1_048_576, 2_000_000, 5_000_000]) {
      const content = join(block, noise(gap, 256, 9), block);
      expect(await survives(content)).toBe(true);
    }
    const near = await compress(join(block, noise(700_000, 256, 9), block));
    expect(near.length).toBeLessThan(832_000);
  });

  it('gives any bytes back', { timeout: 60_000 }, async () => {
    const runs = fc.array(
      fc.record({
        values: fc.integer({ min: 1, max: 256 }),
        length: fc.integer({ min: 1, max: 3000 }),
        seed: fc.nat(5),
      }),
      { maxLength: 80 },
    );
    await fc.assert(
      fc.asyncProperty(runs, async (parts) => {
        const content = join(...parts.map(({ length, values, seed }) => noise(length, values, seed)));
        expect(await survives(content)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('makes the same however the input is cut', async () => {
    const expected = await compress(MIXED);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(MIXED.length), { maxLength: 30 }), async (cuts) => {
        const sorted = cuts.sort((one, other) => one - other);
        expect(same(await compress(MIXED, sorted), expected)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it('makes the same in every runtime, and of what an engine did before', async () => {
    expect(Array.from(await compress(new TextEncoder().encode('stowage')))).toEqual([
      0x28, 0xb5, 0x2f, 0xfd, 0x24, 7, 57, 0, 0, 115, 116, 111, 119, 97, 103, 101, 75, 23, 255, 100,
    ]);
    for (let times = 0; times < 2; times += 1) {
      expect(await digestBytes(await compress(MIXED))).toBe(
        'sha256:0e1bbc165524cdf5494e43909ee9bfb1a7a10430007ac37354a0d98e33a6370a',
      );
      await compress(noise(500_000, 90));
    }
  });

  it('adds little to what does not shrink', async () => {
    for (const length of [0, 1, 100, 131_072, 1_000_000]) {
      const compressed = await compress(noise(length));
      expect(compressed.length).toBeLessThanOrEqual(length + 13 + 3 * Math.ceil(length / 131_072));
    }
  });

  it('takes no more after its end and after it was freed', async () => {
    const ended = await createZstdCompressor({ onOutput: () => undefined });
    ended.end();
    ended.free();
    const message = 'the compressor has ended';
    expect(() => {
      ended.write(new Uint8Array(1));
    }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', message }) as Error);
    const freed = await createZstdCompressor({ onOutput: () => undefined });
    freed.free();
    freed.free();
    expect(() => {
      freed.end();
    }).toThrow('the compressor was cancelled');
  });

  it('ends with what onOutput throws', async () => {
    const failure = new Error('full');
    const compressor = await createZstdCompressor({
      onOutput() {
        throw failure;
      },
    });
    for (const content of [new Uint8Array(300_000), new Uint8Array(0)]) {
      expect(() => {
        compressor.write(content);
      }).toThrow(failure);
    }
  });

  it('can be freed by whoever takes its output', async () => {
    const onOutput = vi.fn((bytes: Uint8Array) => {
      if (bytes.length > 0) compressor.free();
    });
    const compressor = await createZstdCompressor({ onOutput });
    expect(() => {
      compressor.write(new Uint8Array(300_000));
    }).toThrow('the compressor was cancelled');
    expect(onOutput).toHaveBeenCalledOnce();
  });

  it('ends with the reason of an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const init = { signal: controller.signal, onOutput: (): void => undefined };
    const compressor = await createZstdCompressor(init);
    controller.abort(reason);
    expect(() => {
      compressor.write(new Uint8Array(1));
    }).toThrow(reason);
    await expect(createZstdCompressor(init)).rejects.toBe(reason);
  });
});

describe('zstd', () => {
  it('compresses a stream, and what it gives stays as it is', async () => {
    const chunks = [LINES.subarray(0, 300_000), LINES.subarray(300_000)];
    const given: Uint8Array[] = [];
    for await (const chunk of iterate(streamOf(...chunks).pipeThrough(zstd()))) given.push(chunk);
    expect(same(join(...given), await compress(LINES))).toBe(true);
    const plain = await collect(streamOf(...given).pipeThrough(decompress()), { maxBytes: LINES.length });
    expect(same(plain, LINES)).toBe(true);
  });

  it('fails with the reason of an abort', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const source = new ReadableStream<Uint8Array>({
      pull(pulled) {
        pulled.enqueue(new Uint8Array(10_000));
        controller.abort(reason);
      },
    });
    const stream = source.pipeThrough(zstd({ signal: controller.signal }));
    await expect(collect(stream, { maxBytes: Infinity })).rejects.toBe(reason);
  });
});
