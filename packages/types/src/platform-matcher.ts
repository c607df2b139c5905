import { normalizePlatform } from './platform.ts';
import type { Platform } from './platform.ts';

/** Chooses among platforms. */
export interface PlatformMatcher {
  /** Whether an image for `platform` can be used. */
  match(platform: Platform): boolean;
  /** Whether `a` is to be preferred to `b`. A strict weak order. */
  less(a: Platform, b: Platform): boolean;
}

/**
 * The ladder that a processor can climb down, best first: `amd64` v4 to v1 and then `386`; `arm` v8 to v5; `arm64`
 * and then `arm/v8` to v5. A platform that stands alone is a ladder of one step (containerd's `platforms.Only`).
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
  const rank = (candidate: Platform): number => {
    const { os, architecture, variant = '' } = normalizePlatform(candidate);
    return os === wanted.os ? steps.indexOf(`${architecture}/${variant}`) : -1;
  };
  return {
    match: (candidate) => rank(candidate) >= 0,
    less: (a, b) => {
      const [first, second] = [rank(a), rank(b)];
      return first >= 0 && (second < 0 || first < second);
    },
  };
}

/** Steps as `architecture/variant`, normalised, best first. */
function ladderOf({ architecture, variant = '' }: Platform): string[] {
  const arm = (top: number): string[] => range(top, 5).map((version) => `arm/v${String(version)}`);
  switch (architecture) {
    case 'amd64': {
      const top = Number(/^v([2-4])$/.exec(variant)?.[1] ?? 1);
      const known = variant === '' || top > 1 ? [] : [`amd64/${variant}`];
      return [...known, ...range(top, 2).map((version) => `amd64/v${String(version)}`), 'amd64/', '386/'];
    }
    case 'arm': {
      const top = /^v([5-8])$/.exec(variant)?.[1];
      return top === undefined ? [`arm/${variant}`] : arm(Number(top));
    }
    case 'arm64':
      return variant === '' ? ['arm64/', ...arm(8)] : [`arm64/${variant}`, 'arm64/', ...arm(8)];
    default:
      return [`${architecture}/${variant}`];
  }
}

/** Whole numbers from `top` down to `bottom`, both included. */
function range(top: number, bottom: number): number[] {
  return Array.from({ length: Math.max(0, top - bottom + 1) }, (_, index) => top - index);
}
