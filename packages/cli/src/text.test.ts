import { describe, expect, it } from 'vitest';
import { errorLine } from './error-line.ts';
import { humanDuration } from './human-duration.ts';
import { printable, safeJson } from './printable.ts';
import { formatTable } from './table.ts';

describe('humanDuration', () => {
  const [minute, hour, day] = [60, 3600, 86_400];
  it.each([
    [0, 'Less than a second'],
    [0.9, 'Less than a second'],
    [1.5, '1 second'],
    [59, '59 seconds'],
    [minute, 'About a minute'],
    [2 * minute, '2 minutes'],
    [59 * minute, '59 minutes'],
    [hour, 'About an hour'],
    [1.6 * hour, '2 hours'],
    [47 * hour, '47 hours'],
    [2 * day, '2 days'],
    [13 * day, '13 days'],
    [14 * day, '2 weeks'],
    [59 * day, '8 weeks'],
    [60 * day, '2 months'],
    [729 * day, '24 months'],
    [730 * day, '2 years'],
  ])('of %d seconds is %s', (seconds, expected) => {
    expect(humanDuration(seconds * 1000)).toBe(expected);
  });
});

describe('printable', () => {
  it('writes control characters out and leaves the rest alone', () => {
    expect(printable('naïve 日本 👍')).toBe('naïve 日本 👍');
    expect(printable('\u0000\n\u001b[31m\u007f\u009b')).toBe('\\x00\\x0a\\x1b[31m\\x7f\\x9b');
  });
});

describe('safeJson', () => {
  it('is JSON of the same value without control characters', () => {
    const value = { name: 'a\u001b\u007f\u009b\u00a0é' };
    const text = safeJson(value);
    expect(text).toBe('{"name":"a\\u001b\\u007f\\u009b\u00a0é"}');
    expect(JSON.parse(text)).toEqual(value);
    expect(safeJson([1], 2)).toBe('[\n  1\n]');
  });
});

describe('errorLine', () => {
  it('is one line whatever was thrown', () => {
    expect(errorLine(new Error('a\r\n  b\n'))).toBe('error: a b\n');
    expect(errorLine('text')).toBe('error: text\n');
    expect(errorLine(new Error(''))).toBe('error: unknown error\n');
  });
});

describe('formatTable', () => {
  it('makes columns as wide as they need to be', () => {
    expect(
      formatTable([
        ['A', 'LONG', 'C'],
        ['wide', 'b', 'c'],
      ]),
    ).toEqual(['A      LONG   C', 'wide   b      c']);
    expect(formatTable([])).toEqual([]);
  });
});
