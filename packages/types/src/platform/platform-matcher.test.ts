import { describe, expect, it } from 'vitest';
import { exactPlatform, onlyPlatform, selectPlatforms, windowsPlatform } from './platform-matcher.ts';
import type { PlatformMatcher } from './platform-matcher.ts';
import { formatPlatformAll, parsePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

const ARMV8_MINORS = [1, 2, 3, 4, 5, 6, 7, 8, 9].map((minor) => `arm64/v8.${String(minor)}`);
const ARMV9_MINORS = [1, 2, 3, 4, 5, 6, 7].map((minor) => `arm64/v9.${String(minor)}`);
const ARM = ['arm/v8', 'arm/v7', 'arm/v6', 'arm/v5'];

/** Worst first and in no order that a ladder has. */
const ALL = [
  ...[
    's390x',
    'ppc64le',
    'riscv64',
    '386',
    'arm/v5',
    'arm/v9',
    'arm/v4',
    'arm/v6',
    'arm/v7',
    'arm/v8',
    'arm64/foo',
  ],
  ...['arm64', ...ARMV8_MINORS, 'arm64/v9', ...ARMV9_MINORS],
  ...['amd64', 'amd64/v2', 'amd64/v3', 'amd64/v4', 'amd64/v5', 'amd64/foo'],
].map((name) => parsePlatform(`linux/${name}`));

/** What a matcher accepts, best first, without `linux/`. */
function ladder(matcher: PlatformMatcher, platforms: readonly Platform[] = ALL): string[] {
  return selectPlatforms(
    matcher,
    platforms.map((platform) => ({ platform })),
  ).map(({ platform }) => formatPlatformAll(platform).replace(/^linux\//, ''));
}

function parse(...values: readonly string[]): Platform[] {
  return values.map((value) => parsePlatform(value));
}

describe('onlyPlatform', () => {
  /** `arm64/v8.top` down to plain `arm64`. */
  const armv8 = (top: number): string[] => [...ARMV8_MINORS.slice(0, top).reverse(), 'arm64'];
  const armv9 = (top: number): string[] => [...ARMV9_MINORS.slice(0, top).reverse(), 'arm64/v9'];

  it.each([
    ['amd64', ['amd64', '386']],
    ['amd64/v1', ['amd64', '386']],
    ['amd64/v2', ['amd64/v2', 'amd64', '386']],
    ['amd64/v3', ['amd64/v3', 'amd64/v2', 'amd64', '386']],
    ['amd64/v4', ['amd64/v4', 'amd64/v3', 'amd64/v2', 'amd64', '386']],
    ['amd64/v5', ['amd64/v5', 'amd64/v4', 'amd64/v3', 'amd64/v2', 'amd64', '386']],
    ['amd64/foo', ['amd64/foo', '386']],
    ['386', ['386']],
    ['arm', ['arm/v7', 'arm/v6', 'arm/v5']],
    ['arm/v8', ARM],
    ['arm/v7', ['arm/v7', 'arm/v6', 'arm/v5']],
    ['arm/v6', ['arm/v6', 'arm/v5']],
    ['arm/v5', ['arm/v5']],
    ['arm/v4', ['arm/v4']],
    ['arm/v9', ['arm/v9', ...ARM]],
    ['arm64', ['arm64', ...ARM]],
    ['arm64/v8.0', ['arm64', ...ARM]],
    ['arm64/v8.1', ['arm64/v8.1', 'arm64', ...ARM]],
    ['arm64/v8.9', [...armv8(9), ...ARM]],
    ['arm64/v9', ['arm64/v9', ...armv8(5), ...ARM]],
    ['arm64/v9.0', ['arm64/v9', ...armv8(5), ...ARM]],
    ['arm64/v9.1', [...armv9(1), ...armv8(6), ...ARM]],
    ['arm64/v9.4', [...armv9(4), ...armv8(9), ...ARM]],
    ['arm64/v9.7', [...armv9(7), ...armv8(9), ...ARM]],
    ['arm64/foo', ['arm64/foo']],
    ['arm64/v8.01', []],
    ['arm64/v10', []],
    ['s390x', ['s390x']],
    ['riscv64/rva23u64', []],
  ])('%s climbs down to %j', (wanted, steps) => {
    expect(ladder(onlyPlatform(parsePlatform(`linux/${wanted}`)))).toEqual(steps);
  });

  it('normalises both sides and never crosses operating systems', () => {
    const matcher = onlyPlatform({ os: 'Linux', architecture: 'aarch64', variant: 'V8' });
    expect(matcher.match({ os: 'LINUX', architecture: 'armhf' })).toBe(true);
    expect(matcher.match({ os: 'linux', architecture: 'x86_64' })).toBe(false);
    expect(matcher.match({ os: 'windows', architecture: 'arm64' })).toBe(false);
  });

  it('is not drowned by a variant with a large number', () => {
    const matcher = onlyPlatform({ os: 'linux', architecture: 'amd64', variant: 'v1000000000' });
    expect(ladder(matcher)).toEqual(['386']);
  });

  it('wants every feature to be there, and prefers more of them', () => {
    const given = parse(
      'linux/amd64',
      'linux(+gpu)/386',
      'linux(+gpu+simd)/amd64',
      'linux(+gpu)/amd64',
      'linux(+fpga)/amd64',
      'linux(+fpga+gpu)/amd64',
    );
    expect(ladder(onlyPlatform(parsePlatform('linux/amd64')), given)).toEqual(['amd64']);
    expect(ladder(onlyPlatform(parsePlatform('linux(+gpu+simd)/amd64')), given)).toEqual([
      'linux(+gpu+simd)/amd64',
      'linux(+gpu)/amd64',
      'amd64',
      'linux(+gpu)/386',
    ]);
  });

  it('ignores the version of systems other than Windows', () => {
    const matcher = onlyPlatform(parsePlatform('linux(6.1)/amd64'));
    expect(ladder(matcher, parse('linux(5.4)/amd64', 'linux/amd64'))).toEqual(['linux(5.4)/amd64', 'amd64']);
  });

  it.each([
    ['10.0.14393', ['10.0.14393.1']],
    ['10.0.17763.1577', ['10.0.17763', '10.0.17763.9']],
    ['10.0.20348', ['10.0.20348.1']],
    ['10.0.22621', ['10.0.20348.1', '10.0.22621']],
    ['10.0.26100', ['10.0.20348.1', '10.0.22621', '10.0.25398', '10.0.26100']],
    ['10.0.26200', ['10.0.20348.1', '10.0.22621', '10.0.25398', '10.0.26100', '10.0.26200']],
    ['11.0.26200', []],
    ['10.1.26200', []],
  ])('runs on Windows %s images of %j and those without a version', (version, runs) => {
    const versions = [
      '10.0.14393.1',
      '10.0.17763',
      '10.0.17763.9',
      '10.0.20348.1',
      '10.0.22621',
      '10.0.25398',
    ];
    versions.push('10.0.26100', '10.0.26200', '10.0.65535', '10.0.65536', '9', 'text');
    const given = parse('windows/amd64', ...versions.map((one) => `windows(${one})/amd64`));
    const matcher = onlyPlatform(parsePlatform(`windows(${version})/amd64`));
    expect(ladder(matcher, given)).toEqual(['windows/amd64', ...runs.map((one) => `windows(${one})/amd64`)]);
  });

  it('takes any version where none that can be read is wanted, and win32k for granted', () => {
    const given = parse('windows(10.0.1+win32k)/amd64', 'windows(x)/amd64', 'windows(+other)/amd64');
    for (const wanted of ['windows/amd64', 'windows(10)/amd64']) {
      expect(ladder(onlyPlatform(parsePlatform(wanted)), given)).toEqual([
        'windows(10.0.1+win32k)/amd64',
        'windows(x)/amd64',
      ]);
    }
    expect(onlyPlatform(parsePlatform('linux/amd64')).match(parsePlatform('linux(+win32k)/amd64'))).toBe(
      false,
    );
  });
});

describe('exactPlatform', () => {
  it.each([
    ['amd64', ['amd64']],
    ['amd64/v3', ['amd64/v3']],
    ['386', ['386']],
    ['arm64', ['arm64']],
    ['arm64/v9', ['arm64/v9']],
    ['arm/v6', ['arm/v6', 'arm/v5', 'arm/v9', 'arm/v4', 'arm/v7', 'arm/v8']],
    ['arm', ['arm/v7', 'arm/v5', 'arm/v9', 'arm/v4', 'arm/v6', 'arm/v8']],
    ['arm/v10', ['arm/v5', 'arm/v9', 'arm/v4', 'arm/v6', 'arm/v7', 'arm/v8']],
    ['mips', []],
  ])('%s: %j', (wanted, matches) => {
    expect(ladder(exactPlatform(parsePlatform(`linux/${wanted}`)))).toEqual(matches);
  });

  it('ignores versions and features, keeps the order of the list, and the operating system', () => {
    const given = parse('linux(2+a)/arm64', 'windows/arm64', 'linux/arm64', 'linux(1)/arm64');
    expect(ladder(exactPlatform({ os: 'LINUX', architecture: 'aarch64', variant: '8' }), given)).toEqual([
      'linux(2+a)/arm64',
      'arm64',
      'linux(1)/arm64',
    ]);
    expect(exactPlatform(parsePlatform('linux/arm')).match(parsePlatform('windows/arm/v6'))).toBe(false);
  });
});

describe('windowsPlatform', () => {
  const given = parse(
    'linux(10.0.17763.1)/amd64',
    'windows(10.0.14393.1)/amd64',
    'windows/amd64',
    'windows(10.0.20348.1)/amd64',
    'windows(10.0.17763)/amd64',
    'windows(10.0.17763.2)/amd64/v3',
    'windows(10.0.177630.1)/amd64',
    'windows(10.0.17763.1)/arm64',
    'windows(odd)/amd64',
    'windows(10.0.17763.1)/amd64',
    'linux/amd64',
  );
  const host = { version: '10.0.17763.4000', architecture: 'amd64' };
  const windows = [
    'windows(10.0.17763.2)/amd64/v3',
    'windows(10.0.17763.1)/amd64',
    'windows(10.0.14393.1)/amd64',
    'windows/amd64',
    'windows(10.0.17763)/amd64',
    'windows(odd)/amd64',
  ];
  const linux = ['linux(10.0.17763.1)/amd64', 'amd64'];

  it.each([
    [undefined, windows],
    [['windows'], windows],
    [['linux'], linux],
    [
      ['linux', 'Windows'],
      [...windows, ...linux],
    ],
    [[], []],
  ])('for %j', (systems, matches) => {
    expect(ladder(windowsPlatform({ ...host, systems }), given)).toEqual(matches);
  });

  it('knows other names of its processor', () => {
    expect(ladder(windowsPlatform({ ...host, architecture: 'aarch64' }), given)).toEqual([
      'windows(10.0.17763.1)/arm64',
    ]);
  });

  it.each(['', '10', '10.0', '10.0.x', '10.0.65536', '256.0.1', '10.256.1', ' 10.0.1', '10.0.17763x'])(
    'wants a version of Windows and not %j',
    (version) => {
      expect(() => windowsPlatform({ ...host, version })).toThrow(
        expect.objectContaining({
          code: 'INVALID_ARGUMENT',
          message: `${JSON.stringify(version)}: not a version of Windows`,
        }) as Error,
      );
    },
  );
});

describe('selectPlatforms', () => {
  it('leaves out what names no platform, and what it is given as it is', () => {
    const wanted = { os: 'linux', architecture: 'amd64' };
    const entries = Object.freeze([
      { name: 'none' },
      { name: 'undefined', platform: undefined },
      { name: 'last', platform: { os: 'linux', architecture: '386' } },
      { name: 'first', platform: wanted },
      { name: 'second', platform: { os: 'linux', architecture: 'x86_64', variant: 'v1' } },
    ]);
    const selected = selectPlatforms(onlyPlatform(wanted), entries);
    expect(selected.map(({ name }) => name)).toEqual(['first', 'second', 'last']);
    expect(selected[0]).toBe(entries[3]);
  });
});
