import { digestBytes } from '@stowage/core';
import type { Clock, ImageConfigStore, ImageStore } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { createImageConfigStore } from './image-config-store.ts';
import { openStowage } from './open-stowage.ts';

const encoder = new TextEncoder();
const bytesOf = (config: object): Uint8Array => encoder.encode(JSON.stringify(config));
const rootfs = { type: 'layers', diff_ids: [] };
const EMPTY = bytesOf({ os: 'linux', architecture: 'amd64', rootfs });

let images: ImageStore;
let configs: ImageConfigStore;
let now: number;

const clock: Clock = { now: () => now, sleep: () => Promise.reject(new Error('no need to wait')) };
const host = { os: 'linux', architecture: 'amd64' };

beforeEach(async () => {
  now = 1_000;
  images = (await openStowage()).imageStore;
  configs = createImageConfigStore(images, { host, clock });
});

describe('put and get', () => {
  it('keep the bytes and note when', async () => {
    const id = await configs.put(EMPTY);
    expect(id).toBe(await digestBytes(EMPTY));
    expect(await configs.get(id)).toEqual(EMPTY);
    expect([...(await images.map()).values()].map(({ lastUpdated }) => lastUpdated)).toEqual([1_000]);
    now = 2_000;
    await configs.put(EMPTY);
    expect([...(await images.map()).values()].map(({ lastUpdated }) => lastUpdated)).toEqual([2_000]);
    await createImageConfigStore(images).put(bytesOf({ rootfs, author: 'untimed' }));
    const times = [...(await images.map()).values()].map(({ lastUpdated }) => lastUpdated);
    expect(times.sort()).toEqual([2_000, undefined]);
  });

  it('refuse what is no image, and what is not there', async () => {
    await expect(configs.put(bytesOf({ os: 'linux' }))).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: 'invalid image JSON, no RootFS key',
    });
    await expect(configs.get(await digestBytes(EMPTY))).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const signal = AbortSignal.abort('enough');
    await expect(configs.put(EMPTY, { signal })).rejects.toBe('enough');
  });
});

describe('rootFSFromConfig', () => {
  it('answers nothing where there is no rootfs', () => {
    expect(configs.rootFSFromConfig(EMPTY)).toEqual(rootfs);
    expect(configs.rootFSFromConfig(bytesOf({ rootFS: { type: 'layers' } }))).toEqual(rootfs);
    expect(configs.rootFSFromConfig(bytesOf({ history: [{}] }))).toBeUndefined();
    expect(configs.rootFSFromConfig(bytesOf({ rootfs: null }))).toBeUndefined();
    expect(() => configs.rootFSFromConfig(bytesOf([]))).toThrow('image configuration is not a JSON object');
    expect(() => configs.rootFSFromConfig(bytesOf({ rootfs: { type: 'layers', diff_ids: ['x'] } }))).toThrow(
      'at rootfs.diff_ids.0: invalid digest',
    );
  });
});

describe('platformFromConfig', () => {
  it.each([
    [
      { os: 'linux', architecture: 'arm', variant: 'v6' },
      { os: 'linux', architecture: 'arm', variant: 'v6' },
    ],
    [{ architecture: 'riscv64' }, { os: 'linux', architecture: 'riscv64' }],
    [
      { os: '', architecture: 'riscv64' },
      { os: 'linux', architecture: 'riscv64' },
    ],
    [{ os: 'LINUX' }, { os: 'linux', architecture: 'amd64' }],
    [
      { os: 'linux', architecture: 'amd64', 'os.version': '6.1', 'os.features': ['x'] },
      { os: 'linux', architecture: 'amd64', 'os.version': '6.1' },
    ],
  ])('reads %j', (config, platform) => {
    expect(configs.platformFromConfig(bytesOf(config))).toEqual(platform);
  });

  it.each([
    ['linux', 'windows', 'image operating system "windows" cannot be used on this platform'],
    ['linux', 'Windows', 'image operating system "Windows" cannot be used on this platform'],
    ['windows', 'linux', 'image operating system "linux" cannot be used on this platform'],
    ['linux', 'plan9', 'operating system is not supported'],
    ['windows', 'freebsd', 'operating system is not supported'],
  ])('on %s refuses %s', (os, image, message) => {
    const there = createImageConfigStore(images, { host: { os, architecture: 'amd64' } });
    const attempt = (): unknown => there.platformFromConfig(bytesOf({ os: image, architecture: 'amd64' }));
    expect(attempt).toThrow(expect.objectContaining({ code: 'PLATFORM_MISMATCH', message }));
  });

  it('takes what the host runs', () => {
    const windows = createImageConfigStore(images, { host: { os: 'windows', architecture: 'amd64' } });
    const config = { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763.1577' };
    expect(windows.platformFromConfig(bytesOf(config))).toEqual(config);
    expect(windows.platformFromConfig(bytesOf({ architecture: 'amd64' })).os).toBe('windows');
  });
});
