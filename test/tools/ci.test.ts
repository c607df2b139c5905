import { describe, expect, it } from 'vitest';
import { closingCounts, testBreach } from '../../tools/ci.mjs';

describe('closingCounts', () => {
  it('reads the last closing line', () => {
    const output = '1 passed, 0 failed\nmore\n12 passed, 3 failed, 2 skipped\nCoverage: 90 %\n';
    expect(closingCounts(output)).toEqual({ passed: 12, failed: 3, skipped: 2 });
    expect(closingCounts('7 passed, 0 failed')).toEqual({ passed: 7, failed: 0, skipped: 0 });
  });

  it('takes nothing that is not alone on its line', () => {
    expect(closingCounts('Tests: 7 passed, 0 failed\n7 passed, 0 failed (8)\n')).toBeUndefined();
  });
});

describe('testBreach', () => {
  it.each([
    ['no counts', undefined, false, 'the test run did not close with its counts'],
    ['no tests', { passed: 0, failed: 0, skipped: 4 }, false, 'no test was run'],
    ['tests left out in CI', { passed: 5, failed: 0, skipped: 1 }, true, '1 tests were left out'],
    ['tests left out elsewhere', { passed: 5, failed: 0, skipped: 1 }, false, undefined],
    ['all tests run', { passed: 5, failed: 0, skipped: 0 }, true, undefined],
  ])('with %s', (_, counts, strict, breach) => {
    expect(testBreach(counts, strict)).toBe(breach);
  });
});
