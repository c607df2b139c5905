import { StowageError } from '../error/errors.ts';

/** What an image runs on (image-spec, "Image Index": `platform`). */
export interface Platform {
  /** As Go's GOOS, for example `linux`. */
  readonly os: string;
  /** As Go's GOARCH, for example `amd64`. */
  readonly architecture: string;
  /** The version within an architecture, for example `v7` of `arm`. */
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
}

const COMPONENT = /^[A-Za-z0-9_.-]+$/;
const OS_COMPONENT = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$/;
/** What is part of the syntax, and therefore encoded where a version or a feature has it. */
const RESERVED = /[%+()/]/g;
const KNOWN_OS: ReadonlySet<string> = new Set(
  (
    'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows ' +
    'zos'
  ).split(' '),
);
const KNOWN_ARCHITECTURE: ReadonlySet<string> = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ' +
    'ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

/**
 * Puts a platform into the form in which platforms are compared (containerd's `platforms.Normalize`): lower case,
 * common aliases replaced (`x86_64` is `amd64`, `aarch64` is `arm64`, `macos` is `darwin`), variants spelled `v7` and
 * left out where they are what every processor of the architecture has (`arm64/v8`, `amd64/v1`), features sorted and
 * each named once. Idempotent.
 *
 * @param platform the platform as given
 *
 * @example
 * ```ts
 * import { normalizePlatform } from '@stowage/types';
 *
 * console.log(normalizePlatform({ os: 'Linux', architecture: 'aarch64', variant: '8' }));
 * // { os: 'linux', architecture: 'arm64' }
 * ```
 */
export function normalizePlatform(platform: Platform): Platform {
  const { variant: _, ...rest } = platform;
  const [architecture, variant] = normalizeArchitecture(platform.architecture, platform.variant ?? '');
  const features = platform['os.features'];
  return {
    ...rest,
    os: normalizeOs(platform.os),
    architecture,
    ...(variant === '' ? {} : { variant }),
    ...(features === undefined ? {} : { 'os.features': [...new Set(features)].sort() }),
  };
}

/**
 * Parses `os`, `architecture`, `os/architecture` or `os/architecture/variant`, as containerd's `platforms.Parse` does
 * (v1.0.0-rc.5), and normalises the result. A lone word is taken as an operating system when it is one, else as an
 * architecture; the missing half comes from `host`.
 *
 * The operating system may be followed by its version and features in parentheses, `windows(10.0.17763+win32k)`, in
 * which `%`, `+`, `(`, `)` and `/` are written percent-encoded.
 *
 * @param value the text to parse
 * @param host where missing parts come from. Default `linux/amd64`
 * @returns the platform, normalised
 * @throws `INVALID_ARGUMENT` for a wildcard, an unknown lone word, too many components or a malformed one
 *
 * @example
 * ```ts
 * import { parsePlatform } from '@stowage/types';
 *
 * console.log(parsePlatform('linux/arm/7')); // { os: 'linux', architecture: 'arm', variant: 'v7' }
 * console.log(parsePlatform('windows(10.0.17763)/amd64')['os.version']); // 10.0.17763
 * ```
 */
export function parsePlatform(
  value: string,
  host: Platform = { os: 'linux', architecture: 'amd64' },
): Platform {
  if (value.includes('*')) throw invalid(value, 'wildcards not yet supported');
  const [first = '', ...rest] = value.split('/', 4);
  const system = parseOs(first, value);
  for (const part of rest) {
    if (!COMPONENT.test(part)) throw invalidComponent(part, value, 'platform specifier', COMPONENT);
  }
  const [architecture, variant, surplus] = rest;
  if (surplus !== undefined) throw invalid(value, 'cannot parse platform specifier');
  if (architecture !== undefined) {
    return normalizePlatform({ ...system, architecture, ...(variant === undefined ? {} : { variant }) });
  }
  if (KNOWN_OS.has(normalizeOs(system.os))) {
    const { architecture: hostArchitecture, variant: hostVariant } = host;
    return normalizePlatform({
      ...system,
      architecture: hostArchitecture,
      ...(hostVariant === undefined ? {} : { variant: hostVariant }),
    });
  }
  const [known] = normalizeArchitecture(first, '');
  if (KNOWN_ARCHITECTURE.has(known)) return normalizePlatform({ os: host.os, architecture: first });
  throw invalid(value, 'unknown operating system or architecture');
}

/**
 * Writes a platform as `os/architecture[/variant]`, normalised; `unknown` where it has no operating system.
 *
 * @param platform the platform to write
 *
 * @example
 * ```ts
 * import { formatPlatform } from '@stowage/types';
 *
 * console.log(formatPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' })); // linux/arm/v7
 * ```
 */
export function formatPlatform(platform: Platform): string {
  const { os, ...rest } = normalizePlatform(platform);
  return joinPlatform(os, os, rest);
}

/**
 * Writes a platform with the version and the features of its operating system, in the form that {@link parsePlatform}
 * reads: `os(version+feature)/architecture[/variant]`, normalised (containerd's `platforms.FormatAll`).
 *
 * @param platform the platform to write
 *
 * @example
 * ```ts
 * import { formatPlatformAll } from '@stowage/types';
 *
 * const platform = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763', 'os.features': ['win32k'] };
 * console.log(formatPlatformAll(platform)); // windows(10.0.17763+win32k)/amd64
 * ```
 */
export function formatPlatformAll(platform: Platform): string {
  const {
    os,
    'os.version': version = '',
    'os.features': features = [],
    ...rest
  } = normalizePlatform(platform);
  const options =
    encode(version) + features.map((feature) => (feature === '' ? '' : `+${encode(feature)}`)).join('');
  return joinPlatform(os, options === '' ? os : `${os}(${options})`, rest);
}

type Os = Omit<Platform, 'architecture' | 'variant'>;

function parseOs(part: string, value: string): Os {
  const match = OS_COMPONENT.exec(part);
  if (match === null) throw invalidComponent(part, value, 'OSAndVersion specifier', OS_COMPONENT, 'OS ');
  const [, os = '', version = '', options = ''] = match;
  const decoded = decode(version, value, 'version');
  const features = options
    .split('+')
    .slice(1)
    .map((feature) => decode(feature, value, 'feature'));
  return {
    os,
    ...(decoded === '' ? {} : { 'os.version': decoded }),
    ...(features.length === 0 ? {} : { 'os.features': features }),
  };
}

function joinPlatform(os: string, written: string, { architecture, variant }: Omit<Platform, 'os'>): string {
  return os === '' ? 'unknown' : [written, architecture, variant].filter((part) => part).join('/');
}

function encode(option: string): string {
  return option.replace(RESERVED, percentEncode);
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

function decode(option: string, value: string, kind: string): string {
  try {
    return decodeURIComponent(option);
  } catch (cause) {
    const message = `${JSON.stringify(value)} has an invalid OS ${kind} ${JSON.stringify(option)}`;
    throw new StowageError('INVALID_ARGUMENT', message, { cause });
  }
}

function normalizeOs(os: string): string {
  const lower = os.toLowerCase();
  return lower === 'macos' ? 'darwin' : lower;
}

function normalizeArchitecture(architecture: string, variant: string): readonly [string, string] {
  const lower = architecture.toLowerCase();
  const version = variant.toLowerCase();
  switch (lower) {
    case 'i386':
      return ['386', ''];
    case 'x86_64':
    case 'x86-64':
    case 'amd64':
      return ['amd64', version === 'v1' ? '' : version];
    case 'aarch64':
    case 'arm64':
      if (version === '8' || version === 'v8' || version === 'v8.0') return ['arm64', ''];
      return ['arm64', version === '9' || version === '9.0' || version === 'v9.0' ? 'v9' : version];
    case 'armhf':
      return ['arm', 'v7'];
    case 'armel':
      return ['arm', 'v6'];
    case 'arm':
      if (version === '' || version === '7') return ['arm', 'v7'];
      return ['arm', /^[568]$/.test(version) ? `v${version}` : version];
    default:
      return [lower, version];
  }
}

function invalid(value: string, why: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', `${JSON.stringify(value)}: ${why}`);
}

function invalidComponent(
  part: string,
  value: string,
  what: string,
  pattern: RegExp,
  kind = '',
): StowageError {
  return new StowageError(
    'INVALID_ARGUMENT',
    `${JSON.stringify(part)} is an invalid ${kind}component of ${JSON.stringify(value)}: ` +
      `${what} component must match ${JSON.stringify(pattern.source)}`,
  );
}
