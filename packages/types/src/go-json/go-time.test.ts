import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import vectors from '../../../../test/fixtures/go-documents.json' with { type: 'json' };
import { formatGoTime, isGoTime, normalizeGoTime, parseGoTime, ZERO_GO_TIME } from './go-time.ts';

describe('parseGoTime', () => {
  it.each(vectors.times)('reads and writes as Go: $text', ({ text, normal, seconds, nanoseconds }) => {
    expect(isGoTime(text)).toBe(normal !== undefined);
    if (normal === undefined) {
      expect(() => parseGoTime(text)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
      return;
    }
    expect(parseGoTime(text)).toMatchObject({ seconds, nanoseconds });
    expect(normalizeGoTime(text)).toBe(normal);
  });

  it('is quick to refuse a long text, and short about it', () => {
    const text = `2020-01-01T00:00:00.${'0'.repeat(1_000_000)}`;
    expect(() => parseGoTime(text)).toThrow(/^.{1,120}$/);
  });
});

describe('formatGoTime', () => {
  it('is the inverse of parseGoTime', () => {
    const time = fc.record({
      seconds: fc.integer({ min: -62_167_000_000, max: 253_402_200_000 }),
      nanoseconds: fc.integer({ min: 0, max: 999_999_999 }),
      offset: fc.integer({ min: -1439, max: 1439 }).map((minutes) => minutes * 60),
    });
    fc.assert(
      fc.property(time, (value) => {
        expect(parseGoTime(formatGoTime(value))).toEqual(value);
      }),
    );
  });

  it('writes the zero time', () => {
    expect(formatGoTime(parseGoTime(ZERO_GO_TIME))).toBe(ZERO_GO_TIME);
  });

  it.each([
    { seconds: 0.5, nanoseconds: 0, offset: 0 },
    { seconds: NaN, nanoseconds: 0, offset: 0 },
    { seconds: 0, nanoseconds: 1e9, offset: 0 },
    { seconds: 0, nanoseconds: -1, offset: 0 },
    { seconds: 0, nanoseconds: 0.5, offset: 0 },
    { seconds: 0, nanoseconds: 0, offset: 30 },
    { seconds: 0, nanoseconds: 0, offset: 86_400 },
    { seconds: 253_402_300_800, nanoseconds: 0, offset: 0 },
    { seconds: -62_167_219_201, nanoseconds: 0, offset: 0 },
  ])('refuses %j', (time) => {
    expect(() => formatGoTime(time)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
  });
});
