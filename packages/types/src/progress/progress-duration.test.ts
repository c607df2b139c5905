import { describe, expect, it } from 'vitest';
import { formatGoDuration, formatNanoseconds } from './progress-duration.ts';

describe('formatNanoseconds', () => {
  // What Go 1.26 prints.
  it.each([
    [0n, '0s'],
    [1n, '1ns'],
    [999n, '999ns'],
    [1000n, '1µs'],
    [1500n, '1.5µs'],
    [1_000_000n, '1ms'],
    [1_100_000n, '1.1ms'],
    [1_000_000_000n, '1s'],
    [1_500_000_000n, '1.5s'],
    [10_000_000_000n, '10s'],
    [59_000_000_000n, '59s'],
    [60_000_000_000n, '1m0s'],
    [61_000_000_000n, '1m1s'],
    [3_600_000_000_000n, '1h0m0s'],
    [3_661_005_000_000n, '1h1m1.005s'],
    [360_000_000_000_000n, '100h0m0s'],
    [2_540_400_000_000_000n, '705h40m0s'],
    [-1n, '-1ns'],
    [-1_500_000_000n, '-1.5s'],
    [-3_600_000_000_000n, '-1h0m0s'],
  ])('%d is %s', (nanoseconds, expected) => {
    expect(formatNanoseconds(nanoseconds)).toBe(expected);
  });
});

describe('formatGoDuration', () => {
  it.each([
    [0, '0s'],
    [0.000001, '1ns'],
    [0.0015, '1.5µs'],
    [250, '250ms'],
    [1500.5, '1.5005s'],
    [-1500, '-1.5s'],
    [90_000, '1m30s'],
    [Number.MAX_SAFE_INTEGER, '2501999792h59m0.991s'],
  ])('%d ms are %s', (milliseconds, expected) => {
    expect(formatGoDuration(milliseconds)).toBe(expected);
  });
});
