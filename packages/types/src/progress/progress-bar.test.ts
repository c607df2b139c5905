import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProgressBar } from './progress-bar.ts';

const bar = (filled: number): string => `[${'='.repeat(filled)}>${' '.repeat(50 - filled)}] `;

describe('formatProgressBar', () => {
  it.each([
    // nothing to show
    [{}, 200, ''],
    [{ current: 0, total: 0 }, 200, ''],
    [{ current: -1, total: -1 }, 200, ''],
    // no total
    [{ current: 1 }, 200, '      1B'],
    [{ current: 1, total: -1 }, 200, '      1B'],
    [{ current: 123_456_789 }, 200, ' 123.5MB'],
    [{ current: 7, units: 'layers' }, 200, '7 layers'],
    [{ current: 1, hideCounts: true }, 200, '      1B'],
    // bars
    [{ current: 0, total: 100 }, 200, `${bar(0)}      0B/100B`],
    [{ current: 1, total: 100 }, 200, `${bar(0)}      1B/100B`],
    [{ current: 2, total: 100 }, 200, `${bar(1)}      2B/100B`],
    [{ current: 20, total: 100 }, 200, `${bar(10)}     20B/100B`],
    [{ current: 999, total: 1000 }, 200, `${bar(49)}    999B/1kB`],
    [{ current: 100, total: 100 }, 200, `${bar(50)}    100B/100B`],
    [{ current: 101, total: 100 }, 200, `${bar(50)}    101B`],
    [{ current: 1e15, total: 1 }, 200, `${bar(50)}     1PB`],
    [{ current: -50, total: 100 }, 200, `${bar(0)}    -50B/100B`],
    [{ current: 50, total: 100, hideCounts: true }, 200, bar(25)],
    [{ current: 5, total: 10, units: 'files' }, 200, `${bar(25)}5/10 files`],
    // narrow terminals
    [{ current: 20, total: 100 }, 111, `${bar(10)}     20B/100B`],
    [{ current: 20, total: 100 }, 110, '     20B/100B'],
    [{ current: 20, total: 100 }, 0, '     20B/100B'],
    [{ current: 5, total: 10, units: 'files' }, 80, '5/10 files'],
    [{ current: 15, total: 10, units: 'files' }, 80, '15 files'],
    [{ current: 50, total: 100, hideCounts: true }, 80, ''],
  ])('%j at width %d', (progress, width, expected) => {
    expect(formatProgressBar(progress, width)).toBe(expected);
  });

  const start = 1_700_000_000;
  it.each([
    [{ current: 25, total: 100, start }, 10_000, ' 30s'],
    // Whole nanoseconds for each, then whole seconds of what is left.
    [{ current: 3, total: 10, start }, 10_000, ' 23s'],
    [{ current: 1, total: 7200, start }, 1000, ' 1h59m59s'],
    [{ current: 1, total: 2, start, units: 'files' }, 90_500, ' 1m30s'],
    [{ current: 1, total: 2, start }, 999, ' 0s'],
    [{ current: 1, total: 2, start }, -5000, ' -5s'],
    [{ current: 1, total: 10 ** 15, start }, 10 ** 9, ' 1409984h31m10s'],
    // not shown
    [{ current: 0, total: 100, start }, 10_000, ''],
    [{ current: 100, total: 100, start }, 10_000, ''],
    [{ current: 25, total: 100, start: 0 }, 10_000, ''],
    [{ current: 25, total: 100, start: -1 }, 10_000, ''],
    [{ current: 25, start }, 10_000, ''],
  ])('%j after %d ms has %j left', (progress, elapsed, expected) => {
    const { start: _, ...rest } = progress;
    const now = start * 1000 + elapsed;
    for (const width of [51, 200]) {
      expect(formatProgressBar(progress, width, { now })).toBe(formatProgressBar(rest, width) + expected);
    }
    expect(formatProgressBar(progress, 50, { now })).toBe(formatProgressBar(rest, 50));
  });

  it('tells the time itself', () => {
    expect(
      formatProgressBar({ current: 1, total: 3, start: Math.floor(Date.now() / 1000) - 100 }, 80),
    ).toMatch(/ 3m2\ds$/);
  });

  it('stands any number', () => {
    const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(0, 1, -1));
    const counts = fc.record({ current: number, total: number, start: number });
    fc.assert(
      fc.property(counts, fc.nat(300), (progress, width) => {
        expect(formatProgressBar(progress, width, { now: 0 }).length).toBeLessThan(120);
      }),
    );
  });
});
