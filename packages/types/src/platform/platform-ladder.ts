import type { Platform } from './platform.ts';

/** Major and minor version of an arm64 variant. */
const ARM64_VARIANT = /^v([89])(?:\.(0|[1-9][0-9]?))?$/;
/** The last minor version of Armv8. Armv9.x has everything of Armv8.(x+5). */
const LAST_ARMV8_MINOR = 9;
const ARMV9_MINOR_OFFSET = 5;
const NUMBERED_VARIANT = /^v?([0-9]{1,2})$/;

/**
 * What a processor can run beside its own, best first, as `architecture/variant`, normalised (the rules of
 * containerd/platforms v1.0.0-rc.5).
 *
 * @param platform a normalised platform
 */
export function ladderOf({ architecture, variant = '' }: Platform): readonly string[] {
  const own = `${architecture}/${variant}`;
  switch (architecture) {
    case 'amd64':
      return [
        own,
        ...below(variant, 2).map((version) => `amd64/v${String(version)}`),
        ...lastOfAmd64(variant),
      ];
    case 'arm':
      return [own, ...below(variant, 5).map((version) => `arm/v${String(version)}`)];
    case 'arm64':
      return arm64Ladder(variant);
    default:
      return [own];
  }
}

/** `amd64/v1` has no variant when normalised. */
function lastOfAmd64(variant: string): readonly string[] {
  return versionOf(variant) > 1 ? ['amd64/', '386/'] : ['386/'];
}

/** A variant that is not known runs nothing but its own. */
function arm64Ladder(variant: string): readonly string[] {
  const match = ARM64_VARIANT.exec(variant === '' ? 'v8' : variant);
  if (match === null) return [`arm64/${variant}`];
  const [, major, digits = '0'] = match;
  const minor = Number(digits);
  const newer = major === '9' ? minors(9, minor) : [];
  const older = minors(8, major === '9' ? Math.min(minor + ARMV9_MINOR_OFFSET, LAST_ARMV8_MINOR) : minor);
  return [...newer, ...older, ...ladderOf({ os: '', architecture: 'arm', variant: 'v8' })];
}

/** The minor versions of one major version from `top` down; `v8.0` is no variant, `v9.0` is `v9`. */
function minors(major: number, top: number): readonly string[] {
  const base = major === 8 ? 'arm64/' : `arm64/v${String(major)}`;
  return [...range(top, 1).map((minor) => `arm64/v${String(major)}.${String(minor)}`), base];
}

/** The versions below a variant's own, down to `bottom`. */
function below(variant: string, bottom: number): readonly number[] {
  return range(versionOf(variant) - 1, bottom);
}

/** The number of a variant such as `v7`; 0 where it has none. */
function versionOf(variant: string): number {
  return Number(NUMBERED_VARIANT.exec(variant)?.[1] ?? 0);
}

/** Whole numbers from `top` down to `bottom`, both included. */
function range(top: number, bottom: number): readonly number[] {
  return Array.from({ length: Math.max(0, top - bottom + 1) }, (_, index) => top - index);
}
