import { ladderOf } from './platform-ladder.ts';
import {
  formatWindowsVersion,
  isNewerBuild,
  isWindowsCompatible,
  parseWindowsVersion,
  requireWindowsVersion,
} from './platform-windows.ts';
import { normalizePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

/** Chooses among platforms. */
export interface PlatformMatcher {
  /** Whether an image for `platform` can be used. */
  match(platform: Platform): boolean;
  /**
   * Whether `a` is to be preferred to `b`. A strict weak order; all that do not match are equal and come last.
   */
  less(a: Platform, b: Platform): boolean;
}

/** A Windows machine that images are wanted for. */
export interface WindowsHost {
  /** Its version, `major.minor.build`; what follows is ignored. */
  readonly version: string;
  /** Its processor, as Go's GOARCH. */
  readonly architecture: string;
  /** The operating systems of images that will do: the one asked for, else those it can run. Default `windows`. */
  readonly systems?: readonly string[] | undefined;
}

/** A feature that images of Windows name and that every host of it has. */
const WIN32K = 'win32k';

/**
 * The ladder that a processor can climb down, best first (containerd's `platforms.Only`, v1.0.0-rc.5): `amd64` from
 * its version to v1 and then `386`; `arm` from its version to v5; `arm64` v9.x to v9, then v8.(x+5), v8.x to v8, and
 * then `arm` v8 to v5. A platform that stands alone is a ladder of one step.
 *
 * An image must not need features of the operating system that are not in `platform`; of two on one step, the one
 * with more features comes first. The version of the operating system counts for Windows only, where `platform` and
 * image name one: since Windows Server 2022 an image may be as old as the release with long support before the
 * wanted one, before that it must be of the same build.
 *
 * @param platform what the image is wanted for
 *
 * @example
 * ```ts
 * import { onlyPlatform } from '@stowage/types';
 *
 * const matcher = onlyPlatform({ os: 'linux', architecture: 'arm', variant: 'v7' });
 * console.log(matcher.match({ os: 'linux', architecture: 'arm', variant: 'v6' })); // true
 * console.log(matcher.match({ os: 'linux', architecture: 'arm', variant: 'v8' })); // false
 * ```
 */
export function onlyPlatform(platform: Platform): PlatformMatcher {
  const wanted = normalizePlatform(platform);
  const steps = ladderOf(wanted);
  const present = new Set(wanted['os.features']);
  if (wanted.os === 'windows') present.add(WIN32K);
  const isVersionFit = windowsVersionFilter(wanted);
  return rankedMatcher((candidate) => {
    const step = steps.indexOf(`${candidate.architecture}/${candidate.variant ?? ''}`);
    const features = candidate['os.features'] ?? [];
    if (step < 0 || candidate.os !== wanted.os) return undefined;
    if (!features.every((feature) => present.has(feature)) || !isVersionFit(candidate)) return undefined;
    // Between this step and the next, the higher the more features.
    return step + 1 / (1 + features.length);
  });
}

/**
 * The rule of docker 20.10: operating system, architecture and variant as wanted, and the first in the list wins.
 * Versions and features of the operating system are ignored. For `arm`, an image of any variant will do where there
 * is no better one: these rank last.
 *
 * @param platform what the image is wanted for
 *
 * @example
 * ```ts
 * import { exactPlatform } from '@stowage/types';
 *
 * const matcher = exactPlatform({ os: 'linux', architecture: 'amd64', variant: 'v3' });
 * console.log(matcher.match({ os: 'linux', architecture: 'amd64' })); // false
 * ```
 */
export function exactPlatform(platform: Platform): PlatformMatcher {
  const { os, architecture, variant } = normalizePlatform(platform);
  return rankedMatcher((candidate) => {
    if (candidate.os !== os || candidate.architecture !== architecture) return undefined;
    if (candidate.variant === variant) return 0;
    return architecture === 'arm' ? 1 : undefined;
  });
}

/**
 * The rule of docker on a Windows machine: the architecture as the machine's, the variant ignored; no image of
 * Windows that is newer than the machine, by the build in `os.version`. Images of Windows come before those of other
 * systems, and among them the ones of the machine's own build first.
 *
 * @param host the machine
 * @throws `INVALID_ARGUMENT` for a malformed version
 *
 * @example
 * ```ts
 * import { windowsPlatform } from '@stowage/types';
 *
 * const matcher = windowsPlatform({ version: '10.0.17763', architecture: 'amd64' });
 * console.log(matcher.match({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1577' })); // true
 * console.log(matcher.match({ os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' })); // false
 * ```
 */
export function windowsPlatform(host: WindowsHost): PlatformMatcher {
  const version = requireWindowsVersion(host.version);
  const ownBuild = `${formatWindowsVersion(version)}.`;
  const wanted = (host.systems ?? ['windows']).map((os) =>
    normalizePlatform({ os, architecture: host.architecture }),
  );
  return rankedMatcher(({ os, architecture, 'os.version': imageVersion = '' }) => {
    if (!wanted.some((one) => one.os === os && one.architecture === architecture)) return undefined;
    if (os !== 'windows') return 2;
    if (isNewerBuild(imageVersion, version)) return undefined;
    return imageVersion.startsWith(ownBuild) ? 0 : 1;
  });
}

/**
 * The entries that a matcher accepts, best first and otherwise in their order. Entries that name no platform are left
 * out.
 *
 * @param matcher what is wanted
 * @param entries descriptors, as in the `manifests` of an index
 *
 * @example
 * ```ts
 * import { onlyPlatform, selectPlatforms } from '@stowage/types';
 *
 * const wanted = { os: 'linux', architecture: 'amd64' };
 * const entries = [{ platform: { os: 'linux', architecture: '386' } }, { platform: wanted }, {}];
 * console.log(selectPlatforms(onlyPlatform(wanted), entries).length); // 2
 * ```
 */
export function selectPlatforms<T extends { readonly platform?: Platform | undefined }>(
  matcher: PlatformMatcher,
  entries: readonly T[],
): T[] {
  return entries
    .flatMap((entry) => {
      const { platform } = entry;
      return platform !== undefined && matcher.match(platform) ? [{ entry, platform }] : [];
    })
    .sort((a, b) => order(matcher, a.platform, b.platform))
    .map(({ entry }) => entry);
}

function order(matcher: PlatformMatcher, a: Platform, b: Platform): number {
  if (matcher.less(a, b)) return -1;
  return matcher.less(b, a) ? 1 : 0;
}

/**
 * Makes a matcher of a rank, the lowest best; what has none does not match.
 *
 * @param rankOf ranks a normalised platform
 */
function rankedMatcher(rankOf: (candidate: Platform) => number | undefined): PlatformMatcher {
  const rank = (candidate: Platform): number => rankOf(normalizePlatform(candidate)) ?? Infinity;
  return {
    match: (candidate) => rank(candidate) < Infinity,
    less: (a, b) => rank(a) < rank(b),
  };
}

/** Refuses images of Windows that a wanted version cannot run; whatever names no version passes. */
function windowsVersionFilter(wanted: Platform): (candidate: Platform) => boolean {
  const host = wanted.os === 'windows' ? parseWindowsVersion(wanted['os.version'] ?? '') : undefined;
  if (host === undefined) return () => true;
  return ({ 'os.version': version = '' }) => {
    if (version === '') return true;
    const image = parseWindowsVersion(version);
    return image !== undefined && isWindowsCompatible(host, image);
  };
}
