import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { onlyPlatform } from './platform-matcher.ts';
import { formatPlatform, normalizePlatform, parsePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

describe('platforms', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['linux/i386', 'linux/386'],
    ['macOS/arm64', 'darwin/arm64'],
    ['windows', 'windows/amd64'],
    ['arm64', 'linux/arm64'],
    ['armhf', 'linux/arm/v7'],
    ['unheard-of/processor', 'unheard-of/processor'],
  ])('parse %s as %s', (value, expected) => {
    expect(formatPlatform(parsePlatform(value))).toBe(expected);
  });

  it('take missing parts from the host', () => {
    const host = { os: 'linux', architecture: 'arm', variant: 'v6' };
    expect(formatPlatform(parsePlatform('linux', host))).toBe('linux/arm/v6');
    expect(formatPlatform(parsePlatform('amd64', host))).toBe('linux/amd64');
  });

  it.each(['', '*', 'linux/*', 'linux/amd64/v1/x', 'wat', 'linux/', 'linux//v7', 'linux/am d64', '../x'])(
    'refuse %j',
    (value) => {
      expect(() => parsePlatform(value)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error,
      );
    },
  );

  it('normalise once and for all, and keep the versions of Windows', () => {
    const text = fc.constantFrom(
      'linux',
      'Linux',
      'macos',
      'amd64',
      'x86_64',
      'arm',
      'ARM64',
      'v7',
      '8',
      'v8',
      '',
    );
    fc.assert(
      fc.property(text, text, text, (os, architecture, variant) => {
        const once = normalizePlatform({ os, architecture, variant });
        expect(normalizePlatform(once)).toEqual(once);
      }),
    );
    expect(normalizePlatform({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.1' })).toEqual({
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.1',
    });
  });
});

describe('onlyPlatform', () => {
  const ALL = [
    ...['amd64', 'amd64/v2', 'amd64/v3', 'amd64/v4', '386'],
    ...['arm/v5', 'arm/v6', 'arm/v7', 'arm/v8', 'arm64', 'arm64/v9', 'ppc64le', 's390x'],
  ].map((name) => parsePlatform(`linux/${name}`));

  it.each([
    ['amd64', ['amd64', '386']],
    ['amd64/v3', ['amd64/v3', 'amd64/v2', 'amd64', '386']],
    ['386', ['386']],
    ['arm/v7', ['arm/v7', 'arm/v6', 'arm/v5']],
    ['arm/v5', ['arm/v5']],
    ['arm64', ['arm64', 'arm/v8', 'arm/v7', 'arm/v6', 'arm/v5']],
    ['arm64/v9', ['arm64/v9', 'arm64', 'arm/v8', 'arm/v7', 'arm/v6', 'arm/v5']],
    ['s390x', ['s390x']],
  ])('%s climbs down to %j', (wanted, ladder) => {
    const matcher = onlyPlatform(parsePlatform(`linux/${wanted}`));
    const matches = ALL.filter((platform) => matcher.match(platform)).sort((a, b) =>
      matcher.less(a, b) ? -1 : matcher.less(b, a) ? 1 : 0,
    );
    expect(matches.map((platform) => formatPlatform(platform).slice('linux/'.length))).toEqual(ladder);
  });

  it('never crosses operating systems', () => {
    expect(onlyPlatform(parsePlatform('linux/amd64')).match(parsePlatform('windows/amd64'))).toBe(false);
  });

  it('is a strict weak order', () => {
    const any = fc.constantFrom(...ALL);
    fc.assert(
      fc.property(any, any, any, any, (wanted, a, b, c) => {
        const matcher = onlyPlatform(wanted);
        const less = (x: Platform, y: Platform): boolean => matcher.less(x, y);
        expect(less(a, a)).toBe(false);
        if (less(a, b)) expect(less(b, a)).toBe(false);
        if (less(a, b) && less(b, c)) expect(less(a, c)).toBe(true);
      }),
    );
  });
});
