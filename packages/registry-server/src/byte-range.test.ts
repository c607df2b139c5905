import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesEntityTag, parseByteRange, parseContentRange } from './byte-range.ts';

describe('parseByteRange', () => {
  it.each([
    ['bytes=0-0', { start: 0, end: 0 }],
    ['bytes=2-', { start: 2, end: 9 }],
    ['bytes=2-100', { start: 2, end: 9 }],
    ['bytes=-3', { start: 7, end: 9 }],
    ['bytes=-100', { start: 0, end: 9 }],
    ['bytes= 2 - 4', { start: 2, end: 4 }],
    [null, 'all'],
    ['', 'all'],
    ['bytes=0-1,4-5', 'all'],
    ['items=0-1', 'all'],
    ['bytes=-', 'all'],
    ['bytes=a-b', 'all'],
    [`bytes=0-${'9'.repeat(16)}`, 'all'],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=10-20', 'unsatisfiable'],
    ['bytes=5-4', 'unsatisfiable'],
    ['bytes=-0', 'unsatisfiable'],
  ])('reads %s of ten bytes', (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });

  it('finds no byte in nothing', () => {
    expect(parseByteRange('bytes=0-', 0)).toBe('unsatisfiable');
    expect(parseByteRange('bytes=-1', 0)).toBe('unsatisfiable');
  });

  it('never leaves the content', () => {
    fc.assert(
      fc.property(fc.nat(), fc.option(fc.nat()), fc.nat(), (from, to, size) => {
        const range = parseByteRange(`bytes=${String(from)}-${String(to ?? '')}`, size);
        if (typeof range === 'string') return;
        expect(range.start).toBeLessThanOrEqual(range.end);
        expect(range.end).toBeLessThan(size);
      }),
    );
  });
});

describe('parseContentRange', () => {
  it('reads the two ends of a chunk', () => {
    expect(parseContentRange('0-0')).toEqual({ start: 0, end: 0 });
    expect(parseContentRange('100-299')).toEqual({ start: 100, end: 299 });
  });

  it.each(['', '1', '-1', '2-1', 'bytes 0-1/2', '0-1/2', '0x1-2', '1e1-20', `0-${'9'.repeat(16)}`])(
    'refuses %j',
    (header) => {
      expect(parseContentRange(header)).toBeUndefined();
    },
  );
});

describe('matchesEntityTag', () => {
  it.each([
    ['"a"', true],
    ['W/"a"', true],
    ['"b", "a"', true],
    ['*', true],
    ['"b"', false],
    ['a', false],
    [null, false],
  ])('%s', (header, expected) => {
    expect(matchesEntityTag(header, '"a"')).toBe(expected);
  });
});
