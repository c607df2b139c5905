import { createProgressAggregate } from '@stowage/types';
import type { ProgressSnapshot } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { wholeLine } from './whole-line.ts';

const NOTHING: ProgressSnapshot = { ...createProgressAggregate().snapshot(), eta: undefined };

describe('the line of the whole', () => {
  it.each<[string, Partial<ProgressSnapshot>, string | undefined]>([
    ['before the first byte', { total: 10 }, undefined],
    ['with all bytes here', { done: 10, total: 10, rate: 1 }, undefined],
    ['at the start', { done: 1, total: 10 }, 'Total: 1B/10B'],
    ['without sizes', { done: 2_500_000, total: undefined, rate: 1000 }, 'Total: 2.5MB, 1kB/s'],
    ['on the way', { done: 1e6, total: 91e6, rate: 1e6, eta: 89.4 }, 'Total: 1MB/91MB, 1MB/s, 1m30s left'],
  ])('%s', (_when, numbers, line) => {
    expect(wholeLine({ ...NOTHING, ...numbers })).toBe(line);
  });
});
