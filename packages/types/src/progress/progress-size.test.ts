import { describe, expect, it } from 'vitest';
import { formatBytes } from './progress-size.ts';

describe('formatBytes', () => {
  // What Go 1.26 prints for `%.4g`.
  it.each([
    [0, '0B'],
    [-0, '0B'],
    [1, '1B'],
    [999, '999B'],
    [999.94, '999.9B'],
    [999.95, '1000B'],
    [999.96, '1000B'],
    [1000, '1kB'],
    [1024, '1.024kB'],
    [8192, '8.192kB'],
    [9999, '9.999kB'],
    [65_536, '65.54kB'],
    // A tie goes to the even digit where a double can hold it, and not where it cannot.
    [10_125, '10.12kB'],
    [10_135, '10.13kB'],
    [100_250, '100.2kB'],
    [100_350, '100.3kB'],
    [100_450, '100.5kB'],
    [12.345, '12.35B'],
    // What rounds up stays in its unit.
    [999_949, '999.9kB'],
    [999_950, '1000kB'],
    [999_999, '1000kB'],
    [999_999_999, '1000MB'],
    [1_000_499, '1MB'],
    [1_001_500, '1.002MB'],
    [3_402_645, '3.403MB'],
    [16_777_216, '16.78MB'],
    [2 ** 40, '1.1TB'],
    [1e15, '1PB'],
    [Number.MAX_SAFE_INTEGER, '9.007PB'],
    [1e24, '1YB'],
    [1e27, '1000YB'],
    // An exponent where four digits are not enough for what stands before the point.
    [9.9995e27, '1e+04YB'],
    [1e28, '1e+04YB'],
    [1.2345e28, '1.235e+04YB'],
    [1.23456e30, '1.235e+06YB'],
    [0.5, '0.5B'],
    [0.000123456, '0.0001235B'],
    [0.00001, '1e-05B'],
    [1e-7, '1e-07B'],
    [-5, '-5B'],
    [-1000, '-1000B'],
    [-12_345, '-1.234e+04B'],
    [-1_000_000, '-1e+06B'],
  ])('%d is %s', (bytes, expected) => {
    expect(formatBytes(bytes)).toBe(expected);
  });
});
