import { describe, expect, it } from 'vitest';
import { lookupLimits } from './lookup-limits.ts';

describe('lookupLimits', () => {
  it.each([
    ['a small layer', 100 * 1024, { mounts: 1, checks: 1, others: false }],
    ['a middle one', 100 * 1024 + 1, { mounts: 3, checks: 1, others: false }],
    ['the largest middle one', 10 * 1024 * 1024, { mounts: 3, checks: 1, others: false }],
    ['a large one', 10 * 1024 * 1024 + 1, { mounts: 4, checks: 3, others: true }],
    ['one of unknown size', undefined, { mounts: 3, checks: 1, others: false }],
  ])('%s', (_, size, limits) => {
    expect(lookupLimits(size)).toEqual(limits);
  });
});
