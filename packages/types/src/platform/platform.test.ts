import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPlatform, formatPlatformAll, normalizePlatform, parsePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

function refusal(value: string): string {
  try {
    parsePlatform(value);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT' });
    return (error as Error).message;
  }
  return 'none';
}

describe('parsePlatform', () => {
  it.each([
    ['linux/amd64', 'linux/amd64'],
    ['Linux/AMD64', 'linux/amd64'],
    ['linux/x86_64', 'linux/amd64'],
    ['linux/x86-64', 'linux/amd64'],
    ['linux/amd64/v1', 'linux/amd64'],
    ['linux/amd64/v3', 'linux/amd64/v3'],
    ['linux/i386', 'linux/386'],
    ['linux/i386/v3', 'linux/386'],
    ['linux/386/v3', 'linux/386/v3'],
    ['linux/aarch64', 'linux/arm64'],
    ['linux/arm64/v8', 'linux/arm64'],
    ['linux/arm64/8', 'linux/arm64'],
    ['linux/arm64/v8.0', 'linux/arm64'],
    ['linux/arm64/v8.1', 'linux/arm64/v8.1'],
    ['linux/arm64/v9', 'linux/arm64/v9'],
    ['linux/arm64/9', 'linux/arm64/v9'],
    ['linux/arm64/9.0', 'linux/arm64/v9'],
    ['linux/arm64/V9.0', 'linux/arm64/v9'],
    ['linux/arm64/v9.2', 'linux/arm64/v9.2'],
    ['linux/arm', 'linux/arm/v7'],
    ['linux/arm/7', 'linux/arm/v7'],
    ['linux/arm/5', 'linux/arm/v5'],
    ['linux/arm/6', 'linux/arm/v6'],
    ['linux/arm/8', 'linux/arm/v8'],
    ['linux/arm/v6', 'linux/arm/v6'],
    ['linux/arm/9', 'linux/arm/9'],
    ['linux/armhf', 'linux/arm/v7'],
    ['linux/armhf/v6', 'linux/arm/v7'],
    ['linux/armel', 'linux/arm/v6'],
    ['macOS/arm64', 'darwin/arm64'],
    ['windows', 'windows/amd64'],
    ['arm64', 'linux/arm64'],
    ['armhf', 'linux/arm/v7'],
    ['armel', 'linux/arm/v6'],
    ['x86_64', 'linux/amd64'],
    ['wasm', 'linux/wasm'],
    ['unheard-of/processor', 'unheard-of/processor'],
    ['unheard_of/processor.2/of.mine', 'unheard_of/processor.2/of.mine'],
  ])('%s is %s', (value, expected) => {
    expect(formatPlatform(parsePlatform(value))).toBe(expected);
  });

  it.each([
    ['windows(10.0.17763)/amd64', '10.0.17763', undefined],
    ['windows(10.0.17763)', '10.0.17763', undefined],
    ['Windows(10.0.17763.1+win32k)/amd64', '10.0.17763.1', ['win32k']],
    ['linux(+gpu)/arm64', undefined, ['gpu']],
    ['linux(+z+a+z)/arm64', undefined, ['a', 'z']],
    ['linux()/arm64', undefined, undefined],
    ['linux(a%2Fb%2b%28%29%25)/arm64', 'a/b+()%', undefined],
    ['linux(1+a%2Bb+c%20d)/arm64', '1', ['a+b', 'c d']],
    ['linux(%C3%A9)/arm64', 'é', undefined],
  ])('%s has a version and features', (value, version, features) => {
    const platform = parsePlatform(value);
    expect(platform['os.version']).toBe(version);
    expect(platform['os.features']).toEqual(features);
  });

  it('takes missing parts from the host', () => {
    const host: Platform = { os: 'linux', architecture: 'arm', variant: 'v6' };
    expect(parsePlatform('freebsd', host)).toEqual({ os: 'freebsd', architecture: 'arm', variant: 'v6' });
    expect(parsePlatform('amd64', host)).toEqual({ os: 'linux', architecture: 'amd64' });
    expect(parsePlatform('linux(5.10+x)', host)).toEqual({
      ...host,
      'os.version': '5.10',
      'os.features': ['x'],
    });
  });

  it.each([
    ['*', '"*": wildcards not yet supported'],
    ['linux/*', '"linux/*": wildcards not yet supported'],
    ['wat', '"wat": unknown operating system or architecture'],
    ['wasip1', '"wasip1": unknown operating system or architecture'],
    ['amd64(1)', '"amd64(1)": unknown operating system or architecture'],
    ['a/b/c/d', '"a/b/c/d": cannot parse platform specifier'],
    ['a/b/c/d/e', '"a/b/c/d/e": cannot parse platform specifier'],
    [
      'linux/am d64',
      String.raw`"am d64" is an invalid component of "linux/am d64": platform specifier component must match "^[A-Za-z0-9_.-]+$"`,
    ],
    ['linux(%zz)/amd64', '"linux(%zz)/amd64" has an invalid OS version "%zz"'],
    ['linux(1+%ff)/amd64', '"linux(1+%ff)/amd64" has an invalid OS feature "%ff"'],
  ])('says of %j what is wrong', (value, message) => {
    expect(refusal(value)).toBe(message);
  });

  it.each([
    '',
    '../x',
    'lin.ux/amd64',
    'linux(',
    'linux)',
    'linux(1)(2)',
    'linux(1)x',
    'linux(a b)',
    '(1)/amd64',
  ])('refuses the operating system of %j', (value) => {
    expect(refusal(value)).toMatch(
      / is an invalid OS component of .*: OSAndVersion specifier component must match /,
    );
  });

  it.each(['linux(+)', 'linux(1+)', 'linux(1++a)', 'linux(a/b)/amd64', 'linux(+a'])(
    'refuses the options of %j',
    (value) => {
      expect(refusal(value)).toContain('is an invalid OS component of');
    },
  );

  it.each(['linux/', 'linux//v7', 'linux/arm/', 'linux/a(1)', 'linux/é', 'linux/amd64\n'])(
    'refuses the components of %j',
    (value) => {
      expect(refusal(value)).toContain('is an invalid component of');
    },
  );

  it('takes no more than linear time on hostile input', () => {
    for (const unit of ['a', '/', '(', '+', 'a(+b', '%25', '-', 'linux(1+']) {
      expect(refusal(`${unit.repeat(50_000)}!`)).not.toBe('none');
    }
  });
});

describe('formatPlatform and formatPlatformAll', () => {
  it.each([
    [{ os: 'linux', architecture: 'amd64' }, 'linux/amd64', 'linux/amd64'],
    [{ os: 'linux', architecture: '' }, 'linux', 'linux'],
    [{ os: '', architecture: 'amd64', 'os.version': '1' }, 'unknown', 'unknown'],
    [{ os: 'unknown', architecture: 'unknown' }, 'unknown/unknown', 'unknown/unknown'],
    [
      { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763', 'os.features': ['win32k', 'a'] },
      'windows/amd64',
      'windows(10.0.17763+a+win32k)/amd64',
    ],
    [
      { os: 'linux', architecture: 'arm', variant: '6', 'os.features': ['x', 'x', ''] },
      'linux/arm/v6',
      'linux(+x)/arm/v6',
    ],
    [
      { os: 'linux', architecture: 'arm64', 'os.version': '%+()/' },
      'linux/arm64',
      'linux(%25%2B%28%29%2F)/arm64',
    ],
    [
      { os: 'linux', architecture: 'arm64', 'os.version': '', 'os.features': [] },
      'linux/arm64',
      'linux/arm64',
    ],
  ])('%j', (platform, short, long) => {
    expect(formatPlatform(platform)).toBe(short);
    expect(formatPlatformAll(platform)).toBe(long);
  });
});

describe('platforms', () => {
  const os = fc.constantFrom('linux', 'Linux', 'macos', 'windows', 'freebsd', 'Unheard-of');
  const architecture = fc.oneof(
    fc.constantFrom('amd64', 'x86_64', 'i386', 'arm', 'ARM64', 'aarch64', 'armhf', 'armel', 'riscv64'),
    fc.stringMatching(/^[A-Za-z0-9_.-]{1,6}$/),
  );
  const variant = fc.oneof(
    fc.constantFrom('v1', 'v2', 'v7', '7', '8', 'v8', 'V8.0', '9', 'v9.0', 'v9.1'),
    fc.stringMatching(/^[A-Za-z0-9_.-]{1,4}$/),
  );
  const option = fc.stringMatching(/^[A-Za-z0-9_.%+()/-]{1,6}$/);
  const platforms = fc
    .record(
      { os, architecture, variant, 'os.version': option, 'os.features': fc.array(option, { minLength: 1 }) },
      { requiredKeys: ['os', 'architecture'] },
    )
    .map((platform): Platform => platform);

  it('are normalised once and for all', () => {
    fc.assert(
      fc.property(platforms, (platform) => {
        const once = normalizePlatform(platform);
        expect(normalizePlatform(once)).toEqual(once);
      }),
    );
  });

  it('are read as they were written', () => {
    fc.assert(
      fc.property(platforms, (platform) => {
        const normalized = normalizePlatform(platform);
        expect(parsePlatform(formatPlatformAll(platform))).toEqual(normalized);
        const { 'os.version': _version, 'os.features': _features, ...short } = normalized;
        expect(parsePlatform(formatPlatform(platform))).toEqual(short);
      }),
    );
  });

  it('keep what normalising does not concern, and their own features as they are', () => {
    const features = Object.freeze(['b', 'a', 'b']);
    const platform = {
      os: 'windows',
      architecture: 'amd64',
      'os.version': '10.0.1',
      'os.features': features,
    };
    expect(normalizePlatform(platform)).toEqual({ ...platform, 'os.features': ['a', 'b'] });
    expect(features).toEqual(['b', 'a', 'b']);
  });
});
