import type { Checkpoint } from '@stowage/core';
import type { Bytes } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { chooseCheckpoints } from './choose-checkpoints.ts';

const MIB = 1 << 20;

/** The MiB that are kept of a layer of so many, with a checkpoint for each, where each takes `compressed` bytes. */
function kept(count: number, compressed: number, window: Bytes = new Uint8Array(9)): number[] {
  const all: Checkpoint[] = [];
  for (let at = 1; at < count; at++) all.push({ in: at * compressed, out: at * MIB, bits: 0, window });
  return chooseCheckpoints(all, { in: count * compressed, out: count * MIB }).map(({ out }) => out / MIB);
}

describe('chooseCheckpoints', () => {
  it('keeps one for each 4 MiB of what compresses well', () => {
    expect(kept(12, 1000)).toEqual([4, 8]);
    expect(kept(4, 1000)).toEqual([]);
    expect(kept(5, 1000)).toEqual([4]);
  });

  it('keeps more of what compresses badly', () => {
    expect(kept(7, MIB / 2)).toEqual([3, 6]);
    expect(kept(4, MIB)).toEqual([1, 2, 3]);
  });

  it('keeps those that take no room', () => {
    expect(kept(4, 1000, new Uint8Array(0))).toEqual([1, 2, 3]);
  });
});
