import { StowageError } from './errors.ts';

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

const COMPONENT = /^[A-Za-z0-9_-]+$/;
const KNOWN_OS = new Set(
  'aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris wasip1 windows zos'.split(
    ' ',
  ),
);
const KNOWN_ARCHITECTURE = new Set(
  (
    '386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le ppc ' +
    'ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm'
  ).split(' '),
);

/**
 * Puts a platform into the form in which platforms are compared (containerd's `platforms.Normalize`): lower case,
 * common aliases replaced (`x86_64` is `amd64`, `aarch64` is `arm64`, `macos` is `darwin`), variants spelled `v7`.
 * Idempotent.
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
  const normalized = { ...rest, os: normalizeOs(platform.os), architecture };
  return variant === '' ? normalized : { ...normalized, variant };
}

/**
 * Parses `os`, `architecture`, `os/architecture` or `os/architecture/variant` (containerd's `platforms.Parse`).
 * A lone word is taken as an operating system when it is one, else as an architecture; the missing half comes from
 * `host`.
 *
 * @param value the text to parse
 * @param host where missing parts come from. Default `linux/amd64`
 * @returns the platform, normalised
 * @throws `INVALID_ARGUMENT` for a wildcard, an unknown lone word or a component outside `[A-Za-z0-9_-]+`
 *
 * @example
 * ```ts
 * import { parsePlatform } from '@stowage/types';
 *
 * console.log(parsePlatform('linux/arm/7')); // { os: 'linux', architecture: 'arm', variant: 'v7' }
 * ```
 */
export function parsePlatform(
  value: string,
  host: Platform = { os: 'linux', architecture: 'amd64' },
): Platform {
  if (value.includes('*')) throw invalid(value, 'wildcards not yet supported');
  const parts = value.split('/');
  for (const part of parts) {
    if (!COMPONENT.test(part)) {
      throw invalid(part, `platform specifier component must match "${COMPONENT.source}"`);
    }
  }
  const [first = '', architecture, variant] = parts;
  if (parts.length > 3) throw invalid(value, 'cannot parse platform specifier');
  if (architecture !== undefined) {
    return normalizePlatform({ os: first, architecture, ...(variant === undefined ? {} : { variant }) });
  }
  const os = normalizeOs(first);
  if (KNOWN_OS.has(os)) {
    const { variant: hostVariant } = host;
    return normalizePlatform({
      os,
      architecture: host.architecture,
      ...(hostVariant === undefined ? {} : { variant: hostVariant }),
    });
  }
  const [known] = normalizeArchitecture(first, '');
  if (KNOWN_ARCHITECTURE.has(known)) return normalizePlatform({ os: host.os, architecture: first });
  throw invalid(value, 'unknown operating system or architecture');
}

/**
 * Writes a platform as `os/architecture[/variant]`, normalised.
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
  const { os, architecture, variant } = normalizePlatform(platform);
  return [os || 'unknown', architecture, variant].filter((part) => part).join('/');
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
      return ['arm64', version === '8' || version === 'v8' || version === 'v8.0' ? '' : version];
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
