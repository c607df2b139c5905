import { normalizePlatform } from '@stowage/types';
import type { Platform } from '@stowage/types';
import { describe, expect, it, vi } from 'vitest';
import { hostPlatform } from './host-platform.ts';

/** The platform that a process tells, which is there for no longer than that: whoever runs the tests needs the real one. */
function platformOf(process: object | undefined): Platform {
  vi.stubGlobal('process', process);
  try {
    return hostPlatform();
  } finally {
    vi.unstubAllGlobals();
  }
}

describe('hostPlatform', () => {
  it.each([
    ['x64', { os: 'linux', architecture: 'amd64' }],
    ['ia32', { os: 'linux', architecture: '386' }],
    ['arm64', { os: 'linux', architecture: 'arm64' }],
    ['arm', { os: 'linux', architecture: 'arm', variant: 'v7' }],
    ['ppc64', { os: 'linux', architecture: 'ppc64le' }],
    ['s390x', { os: 'linux', architecture: 's390x' }],
    ['riscv64', { os: 'linux', architecture: 'riscv64' }],
    ['loong64', { os: 'linux', architecture: 'loong64' }],
    ['mipsel', { os: 'linux', architecture: 'mipsle' }],
  ])('knows %s', (arch, want) => {
    expect(platformOf({ arch })).toEqual(want);
  });

  it('takes amd64 where nothing is known', () => {
    expect(platformOf(undefined)).toEqual({ os: 'linux', architecture: 'amd64' });
  });

  it('is in the form in which platforms are compared', () => {
    expect(normalizePlatform(hostPlatform())).toEqual(hostPlatform());
  });
});
