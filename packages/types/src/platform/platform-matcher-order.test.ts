import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { exactPlatform, onlyPlatform, selectPlatforms, windowsPlatform } from './platform-matcher.ts';
import type { Platform } from './platform.ts';

describe('every matcher', () => {
  const versions = fc.constantFrom('10.0.14393', '10.0.17763.1', '10.0.20348.2', '10.0.26100', 'x');
  const features = fc.subarray(['a', 'b', 'win32k']);
  const anything = fc
    .record(
      {
        os: fc.constantFrom('linux', 'linux', 'windows'),
        architecture: fc.constantFrom('amd64', 'arm', 'arm64', '386', 'x86_64', 'armhf'),
        variant: fc.constantFrom('v1', 'v2', 'v3', 'v5', 'v7', 'v8', 'v8.2', 'v9', 'v9.3', 'foo'),
        'os.version': versions,
        'os.features': features,
      },
      { requiredKeys: ['os', 'architecture'] },
    )
    .map((platform): Platform => platform);
  const matchers = fc.oneof(
    anything.map(onlyPlatform),
    anything.map(exactPlatform),
    fc
      .record({
        version: versions.filter((version) => version !== 'x'),
        architecture: fc.constantFrom('amd64', 'arm64'),
        systems: fc.subarray(['windows', 'linux']),
      })
      .map(windowsPlatform),
  );

  it('is a strict weak order with what does not match at its end', () => {
    fc.assert(
      fc.property(matchers, anything, anything, anything, (matcher, a, b, c) => {
        const less = (x: Platform, y: Platform): boolean => matcher.less(x, y);
        const equal = (x: Platform, y: Platform): boolean => !less(x, y) && !less(y, x);
        expect(less(a, a)).toBe(false);
        if (less(a, b)) expect(less(b, a)).toBe(false);
        if (less(a, b) && less(b, c)) expect(less(a, c)).toBe(true);
        if (equal(a, b) && equal(b, c)) expect(equal(a, c)).toBe(true);
        if (matcher.match(a) && !matcher.match(b)) expect(less(a, b)).toBe(true);
        if (!matcher.match(a)) expect(less(a, b)).toBe(false);
      }),
      { numRuns: 1000 },
    );
  });

  it('accepts, and puts first, what it was made of', () => {
    // One feature is there on Windows without being wanted.
    const named = anything.filter(
      ({ 'os.version': version, 'os.features': names }) =>
        version !== 'x' && names?.includes('win32k') !== true,
    );
    fc.assert(
      fc.property(named, fc.constantFrom(onlyPlatform, exactPlatform), named, (wanted, make, other) => {
        const matcher = make(wanted);
        expect(matcher.match(wanted)).toBe(true);
        expect(matcher.less(other, wanted)).toBe(false);
      }),
    );
  });

  it('selects what it matches, in order', () => {
    fc.assert(
      fc.property(matchers, fc.array(anything), (matcher, platforms) => {
        const selected = selectPlatforms(
          matcher,
          platforms.map((platform, index) => ({ platform, index })),
        );
        expect(selected).toHaveLength(platforms.filter((platform) => matcher.match(platform)).length);
        for (const [position, { platform, index }] of selected.slice(1).entries()) {
          const before = selected[position];
          if (before === undefined) continue;
          expect(matcher.less(platform, before.platform)).toBe(false);
          if (!matcher.less(before.platform, platform)) expect(before.index).toBeLessThan(index);
        }
      }),
    );
  });
});
