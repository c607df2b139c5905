import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { collect, createTarWriter, streamOf } from '@stowage/core';
import { openFileStorage } from '@stowage/storage/node';
import { parseDigest } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLayerStore } from './layer-store.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'stowage-layers-'));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

function tarOf(name: string, text: string): Buffer {
  const writer = createTarWriter();
  return Buffer.concat([...writer.entry({ name }, new TextEncoder().encode(text)), writer.end()]);
}

describe('openLayerStore on files', () => {
  it('keeps layers where other tools find their blobs, and finds them again', async () => {
    const storage = await openFileStorage(root);
    const store = await openLayerStore({ storage });
    const zipped = gzipSync(tarOf('a', 'hello'));
    const base = await store.register(streamOf(zipped));
    const top = await store.register(streamOf(tarOf('b', 'world')), base.chainId);
    await storage.close();

    const blob = join(root, 'blobs', 'sha256', parseDigest(base.descriptor.digest).encoded);
    expect(await readFile(blob)).toEqual(zipped);
    const records = await readdir(join(root, 'layers', 'sha256'));
    expect(records.sort()).toEqual(
      [base, top].map(({ chainId }) => `${parseDigest(chainId).encoded}.json`).sort(),
    );

    const again = await openFileStorage(root);
    const reopened = await openLayerStore({ storage: again });
    const held = await reopened.get(top.chainId);
    const text = async (path: string, layer = held): Promise<string> =>
      new TextDecoder().decode(await collect(await layer.readFile(path), { maxBytes: 100 }));
    expect(await text('b')).toBe('world');
    expect(await text('a', held.parent)).toBe('hello');
    expect((await reopened.release(held)).length).toBe(2);
    expect(await readdir(join(root, 'layers', 'sha256'))).toEqual([]);
    expect(await readFile(blob)).toEqual(zipped);
    await again.close();
  });

  it('serves two storages of one directory at once', async () => {
    const storages = await Promise.all([openFileStorage(root), openFileStorage(root)]);
    const stores = await Promise.all(storages.map((storage) => openLayerStore({ storage })));
    const [one, two] = stores as [(typeof stores)[0], (typeof stores)[0]];
    const base = await one.register(streamOf(tarOf('a', 'hello')));
    const layers = await Promise.all(
      ['b', 'c', 'd', 'e', 'f', 'g'].map((name, index) =>
        (index % 2 === 0 ? one : two).register(streamOf(tarOf(name, name)), base.chainId),
      ),
    );
    expect((await one.map()).size).toBe(7);
    expect(await one.map()).toEqual(await two.map());
    await one.release(base);
    for (const [index, layer] of layers.entries()) await (index % 2 === 0 ? one : two).release(layer);
    expect((await one.map()).size).toBe(0);
    await Promise.all(storages.map((storage) => storage.close()));
  });

  it('does not know a layer whose record was cut short by a crash', async () => {
    const storage = await openFileStorage(root);
    const store = await openLayerStore({ storage });
    const layer = await store.register(streamOf(tarOf('a', 'hello')));
    const file = join(root, 'layers', 'sha256', `${parseDigest(layer.chainId).encoded}.json`);
    await writeFile(file, (await readFile(file)).subarray(0, 40));
    expect((await (await openLayerStore({ storage })).map()).size).toBe(0);
    await storage.close();
  });
});
