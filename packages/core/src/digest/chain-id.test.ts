import { asDigest } from '@stowage/types';
import type { DiffID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { chainId } from './chain-id.ts';
import { digestBytes } from './digest-bytes.ts';

const diffId = (digit: string): DiffID => asDigest(`sha256:${digit.repeat(64)}`) as DiffID;

describe('chainId', () => {
  it('is the DiffID of a base layer', () => {
    expect(chainId([diffId('a')])).toBe(diffId('a'));
  });

  it('hashes parent and DiffID, one blank between them', async () => {
    const first = await digestBytes(new TextEncoder().encode(`${diffId('a')} ${diffId('b')}`));
    const second = await digestBytes(new TextEncoder().encode(`${first} ${diffId('c')}`));
    expect(chainId([diffId('a'), diffId('b')])).toBe(first);
    expect(chainId([diffId('a'), diffId('b'), diffId('c')])).toBe(second);
  });

  it('goes on from a known ChainID', () => {
    const parent = chainId([diffId('a'), diffId('b')]);
    expect(chainId([parent, diffId('c')])).toBe(chainId([diffId('a'), diffId('b'), diffId('c')]));
  });

  it('depends on the order', () => {
    expect(chainId([diffId('a'), diffId('b')])).not.toBe(chainId([diffId('b'), diffId('a')]));
  });

  it('does not exist without layers', () => {
    expect(() => chainId([])).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
