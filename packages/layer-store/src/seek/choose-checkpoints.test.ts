import { describe, expect, it } from 'vitest';
import { chooseCheckpoints } from './choose-checkpoints.ts';

const MIB = 1 << 20;

/** One for each MiB of a layer of so many; each MiB takes `compressed` bytes. */
function every(
  count: number,
  compressed: number,
  window = new Uint8Array(9),
): { in: number; out: number; bits: number; window: Uint8Array }[] {
  return Array.from({ length: count - 1 }, (_, n) => ({
    in: (n + 1) * compressed,
    out: (n + 1) * MIB,
    bits: 0,
    window,
  }));
}

function kept(count: number, compressed: number, window?: Uint8Array): number[] {
  return chooseCheckpoints(every(count, compressed, window), {
    in: count * compressed,
    out: count * MIB,
  }).map(({ out }) => out / MIB);
}

describe('chooseCheckpoints', () => {
  it('keeps one for each 4 MiB of what compresses well', () => {
    expect(kept(12, 1000)).toEqual([4, 8]);
    expect(kept(4, 1000)).toEqual([]);
    expect(kept(5, 1000)).toEqual([4]);
  });

  it('keeps more of what compresses badly', () => {
    expect(kept(7, MIB / 2)).toEqual([2, 4, 6]);
    expect(kept(4, MIB)).toEqual([1, 2, 3]);
  });

  it('keeps those that take no room', () => {
    expect(kept(4, 1000, new Uint8Array(0))).toEqual([1, 2, 3]);
  });
});
