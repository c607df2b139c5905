import { asDigest } from '@stowage/types';
import type { DiffID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { LayerCache } from './layer-cache.ts';

function diffId(digit: string): DiffID {
  return asDigest(`sha256:${digit.repeat(64)}`) as DiffID;
}

const [A, B, C] = [diffId('a'), diffId('b'), diffId('c')];

describe('LayerCache', () => {
  it('drops what was asked for longest ago', () => {
    const cache = new LayerCache<readonly string[]>(10);
    cache.set(A, [], 4);
    cache.set(B, [], 4);
    expect(cache.get(A)).toEqual([]);
    cache.set(C, [], 4);
    expect([A, B, C].map((id) => cache.get(id) !== undefined)).toEqual([true, false, true]);
  });

  it('keeps nothing that costs more than everything may', () => {
    const cache = new LayerCache<readonly string[]>(10);
    cache.set(A, [], 4);
    cache.set(B, [], 11);
    expect([A, B].map((id) => cache.get(id) !== undefined)).toEqual([true, false]);
  });

  it('does not count one layer twice', () => {
    const cache = new LayerCache<readonly string[]>(10);
    cache.set(A, [], 6);
    cache.set(A, [], 6);
    cache.set(B, [], 4);
    expect([A, B].map((id) => cache.get(id) !== undefined)).toEqual([true, true]);
  });
});
