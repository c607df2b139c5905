import { StowageError } from '../error/errors.ts';

/** A version of Windows without its revision, which makes no difference to what a host can run. */
export interface WindowsVersion {
  readonly major: number;
  readonly minor: number;
  readonly build: number;
}

/** Windows Server 2022: from here on, an image may be older than its host. */
const FIRST_STABLE_BUILD = 20348;
/** The releases with long support since then, oldest first: a host runs images from the release before its own. */
const STABLE_BUILDS: readonly number[] = [FIRST_STABLE_BUILD, 26100];

const VERSION = /^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,5})(?:\..*)?$/s;

/**
 * Reads `major.minor.build`, whatever follows; `undefined` where a part is missing or out of bounds.
 */
export function parseWindowsVersion(value: string): WindowsVersion | undefined {
  const match = VERSION.exec(value);
  if (match === null) return undefined;
  const [major = 0, minor = 0, build = 0] = match.slice(1).map(Number);
  return major <= 0xff && minor <= 0xff && build <= 0xffff ? { major, minor, build } : undefined;
}

/** Writes `major.minor.build`. */
export function formatWindowsVersion({ major, minor, build }: WindowsVersion): string {
  return `${String(major)}.${String(minor)}.${String(build)}`;
}

/**
 * Whether containerd would run an image of one version on a host of another, sharing its kernel: the same build, or,
 * since Windows Server 2022, a build of the same or of the previous release with long support and not newer than the
 * host.
 */
export function isWindowsCompatible(host: WindowsVersion, image: WindowsVersion): boolean {
  if (host.major !== image.major || host.minor !== image.minor) return false;
  if (host.build < FIRST_STABLE_BUILD) return host.build === image.build;
  const release = STABLE_BUILDS.findLastIndex((build) => build <= host.build);
  const oldest = STABLE_BUILDS[Math.max(0, release - 1)] ?? FIRST_STABLE_BUILD;
  return oldest <= image.build && image.build <= host.build;
}

/**
 * The rule by which moby refuses an image on a Windows host: its build, the third part of `os.version`, must not be
 * newer than the host's. A version without such a part is accepted.
 *
 * @param imageVersion the `os.version` of the image, for example `10.0.17763.1577`
 * @param hostVersion the version of the host, `major.minor.build`; what follows is ignored
 * @throws `PLATFORM_MISMATCH` `a Windows version ...-based image is incompatible with a ... host`;
 *   `INVALID_ARGUMENT` for a malformed version of the host
 *
 * @example
 * ```ts
 * import { checkWindowsVersion } from '@stowage/types';
 *
 * checkWindowsVersion('10.0.17763.1577', '10.0.20348'); // passes
 * ```
 */
export function checkWindowsVersion(imageVersion: string, hostVersion: string): void {
  const host = requireWindowsVersion(hostVersion);
  if (!isNewerBuild(imageVersion, host)) return;
  const image = imageVersion.split('.', 3).join('.');
  throw new StowageError(
    'PLATFORM_MISMATCH',
    `a Windows version ${image}-based image is incompatible with a ${formatWindowsVersion(host)} host`,
  );
}

/** Whether a version has a build, and one newer than the host's. */
export function isNewerBuild(imageVersion: string, host: WindowsVersion): boolean {
  const build = imageVersion.split('.', 3)[2] ?? '';
  return /^[0-9]+$/.test(build) && Number(build) > host.build;
}

/**
 * Reads the version of a host.
 *
 * @throws `INVALID_ARGUMENT`
 */
export function requireWindowsVersion(value: string): WindowsVersion {
  const version = parseWindowsVersion(value);
  if (version !== undefined) return version;
  throw new StowageError('INVALID_ARGUMENT', `${JSON.stringify(value)}: not a version of Windows`);
}
