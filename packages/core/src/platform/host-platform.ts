import type { Platform } from '@stowage/types';
import { runtimeProcess } from './platform.ts';

/** Node's names for processors, where Go has another (`GOARCH`). */
const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  mipsel: 'mipsle',
  // Node runs on little-endian Linux only.
  ppc64: 'ppc64le',
};

/**
 * The platform to choose from an index when the caller names none. The operating system is always `linux`, because
 * containers are, whatever runs this code. The architecture is that of this machine, `arm` as `v7`; a page cannot
 * tell, and gets `amd64`.
 *
 * @example
 * ```ts
 * import { hostPlatform } from '@stowage/core';
 *
 * console.log(hostPlatform().os); // linux
 * ```
 */
export function hostPlatform(): Platform {
  const name = runtimeProcess()?.arch ?? 'x64';
  const architecture = GO_ARCHITECTURES[name] ?? name;
  return architecture === 'arm'
    ? { os: 'linux', architecture, variant: 'v7' }
    : { os: 'linux', architecture };
}
