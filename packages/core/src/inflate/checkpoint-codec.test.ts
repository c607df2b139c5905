import fc from 'fast-check';
import { deflateRaw } from 'pako';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { decodeCheckpoints, encodeCheckpoints } from './checkpoint-codec.ts';
import { findCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import { crc32 } from './crc32.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

/** Checkpoints in order, far apart and near. */
const lists: fc.Arbitrary<Checkpoint[]> = fc
  .array(
    fc.record({
      in: fc.oneof(fc.integer({ min: 1, max: 500 }), fc.integer({ min: 1, max: 2 ** 42 })),
      bits: fc.nat(7),
      out: fc.integer({ min: 32_768, max: 2 ** 42 }),
      window: fc.uint8Array({ maxLength: 400 }),
    }),
    { maxLength: 12 },
  )
  .map((steps) => {
    let at = { in: 0, out: 0 };
    return steps.map(({ bits, window, ...step }) => {
      at = { in: at.in + step.in, out: at.out + step.out };
      return { ...at, bits, window };
    });
  });

/** The form around a content. */
function encodedOf(content: readonly number[], version = 1): Uint8Array {
  const deflated = deflateRaw(Uint8Array.from(content));
  const encoded = new Uint8Array(4 + deflated.length + 4);
  encoded.set([0x53, 0x57, 0x43, version]);
  encoded.set(deflated, 4);
  new DataView(encoded.buffer).setUint32(encoded.length - 4, crc32(Uint8Array.from(content)), true);
  return encoded;
}

describe('encodeCheckpoints and decodeCheckpoints', () => {
  it('keep any checkpoints', async () => {
    await fc.assert(
      fc.asyncProperty(lists, async (list) => {
        expect(await decodeCheckpoints(await encodeCheckpoints(list))).toEqual(list);
      }),
      { numRuns: 60 },
    );
  });

  it('keep a window in full, and make little of one that is empty but for a few bytes', async () => {
    const window = Uint8Array.from({ length: 32_768 }, (_, index) => (index % 3000 === 0 ? index : 0));
    const list = [{ in: 10_000, bits: 7, out: 40_000, window }];
    const encoded = await encodeCheckpoints(list);
    expect(encoded.length).toBeLessThan(150);
    expect(await decodeCheckpoints(encoded)).toEqual(list);
  });

  it('have the same form where the platform has no node:zlib', async () => {
    const list = [{ in: 10_000, bits: 7, out: 40_000, window: new Uint8Array(1000).fill(7) }];
    if ('process' in globalThis) vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined);
    const encoded = await encodeCheckpoints(list);
    vi.restoreAllMocks();
    expect(await decodeCheckpoints(encoded)).toEqual(list);
  });

  it.each([
    ['the same input', { in: 50 }],
    ['the same output', { out: 100 }],
    ['output before it', { out: 99 }],
    ['eight bits', { bits: 8 }],
    ['half a bit', { bits: 0.5 }],
    ['no number', { in: NaN }],
    ['too large a number', { out: 2 ** 53 }],
    ['too long a window', { window: new Uint8Array(32_769) }],
  ])('do not write a checkpoint of %s', async (_name, wrong) => {
    const first = { in: 50, bits: 0, out: 100, window: new Uint8Array(0) };
    const second = { in: 100, bits: 0, out: 50_000, window: new Uint8Array(0) };
    await expect(encodeCheckpoints([first, { ...second, ...wrong }])).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it.each([
    ['nothing', new Uint8Array(0)],
    ['something else', new Uint8Array(100)],
    ['a head alone', Uint8Array.of(0x53, 0x57, 0x43, 1)],
    ['no content', encodedOf([])],
    ['more checkpoints than there are', encodedOf([2, 5, 5, 0, 0])],
    ['very many checkpoints', encodedOf([0xff, 0xff, 0xff, 0xff, 0x7f])],
    ['a number without an end', encodedOf([1, 0x80, 0x80])],
    ['a number that is too large', encodedOf([1, ...Array.from({ length: 9 }, () => 0xff), 1, 1, 0, 0])],
    ['a window that is cut short', encodedOf([1, 5, 100, 0, 9, 1, 2, 3])],
    ['more than windows', encodedOf([1, 5, 100, 0, 2, 1, 2, 3])],
    ['eight bits', encodedOf([1, 5, 100, 8, 0])],
    ['no input', encodedOf([1, 0, 100, 0, 0])],
    ['no output', encodedOf([1, 5, 0, 0, 0])],
    ['a window longer than the output before it', encodedOf([1, 5, 2, 0, 3, 1, 2, 3])],
  ])('do not take %s for checkpoints', async (_name, bytes) => {
    await expect(decodeCheckpoints(bytes)).rejects.toMatchObject({ code: 'INVALID_ARCHIVE' });
  });

  it('tell a later version apart', async () => {
    await expect(decodeCheckpoints(encodedOf([0], 2))).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'cannot read checkpoints of version 2',
    });
  });

  it('keep to a limit', async () => {
    const list = [{ in: 10, bits: 0, out: 40_000, window: new Uint8Array(32_768) }];
    const encoded = await encodeCheckpoints(list);
    await expect(decodeCheckpoints(encoded, { maxBytes: 32_768 })).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(await decodeCheckpoints(encoded, { maxBytes: 40_000 })).toHaveLength(1);
  });

  it('find any damage', async () => {
    const list = Array.from({ length: 3 }, (_, index) => ({
      in: (index + 1) * 1000,
      bits: index,
      out: (index + 1) * 40_000,
      window: Uint8Array.from({ length: 300 }, (_byte, at) => at * index),
    }));
    const encoded = await encodeCheckpoints(list);
    await fc.assert(
      fc.asyncProperty(fc.nat(encoded.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const damaged = encoded.with(at, (encoded[at] ?? 0) ^ change);
        const result = await decodeCheckpoints(damaged).catch((error: unknown) => error);
        // Some bits of the last deflated byte say nothing.
        if (Array.isArray(result)) expect(result).toEqual(list);
        else expect(result).toMatchObject({ code: at === 3 ? 'UNSUPPORTED' : 'INVALID_ARCHIVE' });
      }),
    );
    for (let length = 0; length < encoded.length; length += 1) {
      await expect(decodeCheckpoints(encoded.subarray(0, length))).rejects.toMatchObject({
        code: 'INVALID_ARCHIVE',
      });
    }
  });
});

describe('findCheckpoint', () => {
  it('finds the last one that is not behind', () => {
    fc.assert(
      fc.property(lists, fc.nat(2 ** 31), (list, offset) => {
        for (const wanted of [offset, ...list.flatMap(({ out }) => [out - 1, out, out + 1])]) {
          expect(findCheckpoint(list, wanted)).toBe(list.findLast(({ out }) => out <= wanted));
        }
      }),
    );
  });
});
