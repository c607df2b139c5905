import { collect } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { digestKey } from '@stowage/types';
import type { Descriptor, Platform } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { Stowage } from '../stowage.ts';
import { createTestRegistry } from '../test-support/test-registry.ts';
import type { TestRegistry } from '../test-support/test-registry.ts';

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const ARM64: Platform = { os: 'linux', architecture: 'arm64' };
const APP = 'localhost/team/app:v1';
const TREES = [
  { 'etc/motd': 'hello', 'etc/issue': 'first' },
  { 'etc/issue': 'second', 'bin/app': 'x'.repeat(5000) },
];

let registry: TestRegistry;
let stowage: Stowage;
let image: Descriptor;

beforeEach(async () => {
  registry = createTestRegistry();
  image = await registry.push('team/app:v1', TREES);
  stowage = await openStowage({ fetch: registry.fetch });
});

async function read(path: string, from: Pick<Stowage, 'viewRemote'> = stowage): Promise<string> {
  const view = await from.viewRemote(APP, { platform: AMD64 });
  return new TextDecoder().decode(await collect(await view.readFile(path), { maxBytes: 10_000 }));
}

/** What was asked of the registry since the last call, digests left out. */
function asked(): string[] {
  return registry.requests
    .splice(0)
    .filter((line) => !line.endsWith('/v2/'))
    .map((line) => line.replace(/^(\S+) \/v2\/team\/app\//, '$1 ').replace(/sha256:[0-9a-f]+/, '_'));
}

describe('viewRemote', () => {
  it('shows the files of an image that stays where it is', async () => {
    const view = await stowage.viewRemote(APP, { platform: AMD64 });
    expect([...view.walk()].map(({ path }) => path)).toEqual([
      'bin',
      'bin/app',
      'etc',
      'etc/issue',
      'etc/motd',
    ]);
    expect(view.origin('etc/issue').index).toBe(1);
    expect(await read('etc/issue')).toBe('second');
    expect(await read('etc/motd')).toBe('hello');
    const matches: string[] = [];
    for await (const { entry, line } of view.search('hell', { contents: true })) {
      matches.push(`${entry.path}:${String(line)}`);
    }
    expect(matches).toEqual(['etc/motd:1']);
    expect(await stowage.images()).toEqual([]);
    for await (const { digest } of stowage.content.walk()) expect.fail(digest);
  });

  it('reads a layer once, and then only what is asked for, after a restart too', async () => {
    const storage = createMemoryStorage();
    stowage = await openStowage({ fetch: registry.fetch, storage });
    expect(await read('etc/motd')).toBe('hello');
    const [first, ...requests] = asked();
    expect(first).toBe('HEAD manifests/v1');
    // The end of each layer for a table, what refers to the image, and each layer.
    expect(requests.filter((line) => line === 'GET blobs/_').length).toBe(1 + 2 + 2 + 1);
    expect(requests.filter((line) => line.includes('referrers')).length).toBe(1);
    await stowage.close();

    stowage = await openStowage({ fetch: registry.fetch, storage });
    expect(await read('etc/motd')).toBe('hello');
    expect(asked()).toEqual(['HEAD manifests/v1', 'GET manifests/_', 'GET blobs/_', 'GET blobs/_']);
    expect(await stowage.gc()).toMatchObject({ blobs: 0, layers: 0 });
    await read('etc/motd');
    expect(asked().length).toBeGreaterThan(6);
  });

  it('opens a layer once that the image has twice', async () => {
    const [tree = {}] = TREES;
    await registry.push('team/app:v1', [tree, tree]);
    registry.requests.length = 0;
    expect(await read('etc/motd')).toBe('hello');
    // The configuration, the end of the layer, the layer, and the file.
    expect(asked().filter((line) => line === 'GET blobs/_').length).toBe(4);
  });

  it('makes an index anew that is damaged, or of another layer', async () => {
    await read('etc/motd');
    const keys: string[] = [];
    for await (const key of stowage.metadata.keys('remote-seek')) keys.push(key);
    expect(keys.length).toBe(2);
    await stowage.metadata.set('remote-seek', keys[0] ?? '', new Uint8Array([1, 2, 3]));
    expect(await read('etc/issue')).toBe('second');
    expect((await stowage.metadata.get('remote-seek', keys[0] ?? ''))?.length).toBeGreaterThan(3);
  });

  it('takes the image for the platform, by digest too', async () => {
    const arm = await registry.push('team/app:arm', [{ 'etc/motd': 'arms' }], ARM64);
    await registry.pushIndex('team/app:all', [
      { ...image, platform: AMD64 },
      { ...arm, platform: ARM64 },
    ]);
    const text = async (reference: string, platform: Platform | string): Promise<string> => {
      const view = await stowage.viewRemote(reference, { platform });
      return new TextDecoder().decode(await collect(await view.readFile('etc/motd'), { maxBytes: 100 }));
    };
    expect(await text('localhost/team/app:all', AMD64)).toBe('hello');
    expect(await text('localhost/team/app:all', 'linux/arm64')).toBe('arms');
    expect(await text(`localhost/team/app@${arm.digest}`, AMD64)).toBe('arms');
    await expect(text('localhost/team/app:all', 'linux/s390x')).rejects.toMatchObject({
      code: 'PLATFORM_MISMATCH',
    });
  });

  it('refuses layers that are not those of the configuration', async () => {
    const wrong = `sha256:${'0'.repeat(64)}`;
    await registry.push('team/app:v1', TREES.slice(1), AMD64, { diffIds: [wrong] });
    await expect(read('etc/issue')).rejects.toMatchObject({ code: 'DIGEST_MISMATCH' });
    await registry.push('team/app:v1', TREES.slice(1), AMD64, { diffIds: [] });
    await expect(read('etc/issue')).rejects.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: `layers from manifest don't match image configuration`,
    });
    for await (const key of stowage.metadata.keys('remote-seek')) expect.fail(key);
  });

  it('says what is not there, and ends with the reason of an abort', async () => {
    await expect(stowage.viewRemote('localhost/team/none:v1')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const reason = new Error('enough');
    await expect(stowage.viewRemote(APP, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('is not in the way of a layer that is pulled', async () => {
    await read('etc/motd');
    await stowage.pull(APP, { platform: AMD64 });
    expect((await stowage.check()).problems).toEqual([]);
    const { layers } = await stowage.inspect(APP);
    const key = digestKey(layers[0]?.digest ?? image.digest);
    expect(await stowage.metadata.get('remote-seek', key)).toBeDefined();
  });
});
