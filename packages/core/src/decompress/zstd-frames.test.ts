import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ZstdFrames } from './zstd-frames.ts';

const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));

/** "hello ", single segment, one raw block, a checksum. */
const HELLO = fromHex('28b52ffd240631000068656c6c6f20d23be1a9');
/** "world" a hundred times, one compressed block, no checksum. */
const WORLD = fromHex('28b52ffd60f40065000028776f726c640100ec508b16');
/** 300,000 zeros: a compressed block and two run-length blocks. */
const ZEROS = fromHex('28b52ffda0e09304005400001000000100fbff39c00202001000039f0400');
/** Has a window descriptor, a dictionary ID of two bytes and no content size; an empty last raw block. */
const WINDOW = fromHex('28b52ffd020012340100' + '00');
const SKIPPABLE = fromHex('5a2a4d18' + '04000000' + '28b52ffd');
const EMPTY_SKIPPABLE = fromHex('502a4d18' + '00000000');

function join(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** Walks a stream cut into pieces of `size`; answers the runs of each piece as hex. */
function walk(stream: Uint8Array, size: number): { runs: Uint8Array[]; complete: boolean } {
  const frames = new ZstdFrames();
  const runs = [];
  for (let at = 0; at < stream.length; at += size) runs.push(...frames.take(stream.subarray(at, at + size)));
  return { runs, complete: frames.complete };
}

describe('ZstdFrames', () => {
  it.each([
    ['a raw block and a checksum', HELLO],
    ['a compressed block', WORLD],
    ['run-length blocks', ZEROS],
    ['a window descriptor and a dictionary', WINDOW],
  ])('finds the end of a frame with %s', (_name, frame) => {
    for (let size = 1; size <= frame.length; size += 1) {
      const { runs, complete } = walk(frame, size);
      expect(join(...runs)).toEqual(frame);
      expect(complete).toBe(true);
    }
    for (let length = 0; length < frame.length; length += 1) {
      expect(walk(frame.subarray(0, length), 100).complete).toBe(false);
    }
  });

  it('gives one run for each frame and none for what is to be skipped', () => {
    const stream = join(EMPTY_SKIPPABLE, HELLO, SKIPPABLE, WORLD, ZEROS, SKIPPABLE);
    const { runs, complete } = walk(stream, stream.length);
    expect(runs).toEqual([HELLO, WORLD, ZEROS]);
    expect(complete).toBe(true);
  });

  it('gives the same bytes however the stream is cut, none across the end of a frame', () => {
    const frames = [HELLO, SKIPPABLE, WORLD, EMPTY_SKIPPABLE, ZEROS];
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...frames), { minLength: 1, maxLength: 5 }),
        fc.nat(9),
        fc.integer({ min: 1, max: 60 }),
        (chosen, padding, size) => {
          const { runs, complete } = walk(join(...chosen, new Uint8Array(padding)), size);
          const content = chosen.filter((frame) => frame !== SKIPPABLE && frame !== EMPTY_SKIPPABLE);
          expect(join(...runs)).toEqual(join(...content));
          expect(complete).toBe(true);
          const ends = content.map((_, index) => join(...content.slice(0, index + 1)).length);
          const starts = runs.map((_, index) => join(...runs.slice(0, index)).length);
          for (const end of ends.slice(0, -1)) expect(starts).toContain(end);
        },
      ),
    );
  });

  it('is not complete without a frame, or within a skippable one', () => {
    expect(walk(new Uint8Array(0), 1).complete).toBe(false);
    expect(walk(SKIPPABLE.subarray(0, -1), 5).complete).toBe(false);
    expect(walk(SKIPPABLE, 5)).toEqual({ runs: [], complete: true });
  });

  it('refuses garbage after the end, with and without padding before it', () => {
    const failure = expect.objectContaining({
      code: 'INVALID_ARCHIVE',
      message: 'invalid zstd stream: garbage after its end',
    }) as unknown as Error;
    for (const size of [1, 100]) {
      expect(() => walk(join(HELLO, fromHex('01020304')), size)).toThrow(failure);
      expect(() => walk(join(HELLO, fromHex('000001')), size)).toThrow(failure);
      expect(() => walk(join(HELLO, fromHex('00'), WORLD), size)).toThrow(failure);
    }
  });

  it('refuses a block of no type', () => {
    expect(() => walk(fromHex('28b52ffd2006070000'), 100)).toThrow(
      expect.objectContaining({ message: 'invalid zstd stream: invalid block type' }),
    );
  });
});
