import { digestKey } from '@stowage/types';
import type { ImageID } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openImageStore } from './image-store.ts';
import { configOf, createFakeLayerStore } from '../test-support/fake-layer-store.ts';
import { bound, A, B, NOBODY, setup, recordOf, setRecord } from '../test-support/image-setup.ts';
import type { Setup } from '../test-support/image-setup.ts';

describe('parents', () => {
  async function family(): Promise<Setup & { parent: ImageID; child: ImageID }> {
    const all = await setup();
    const parent = await all.images.create(configOf([A]));
    const child = await all.images.create(configOf([A], { author: 'the child' }));
    await all.images.setParent(child, parent);
    return { ...all, parent, child };
  }

  it('are found in both directions', async () => {
    const { storage, images, parent, child } = await family();
    expect(await images.getParent(child)).toBe(parent);
    expect(await images.getParent(parent)).toBeUndefined();
    expect(await images.children(parent)).toEqual([child]);
    expect(await images.children(child)).toEqual([]);
    expect(await images.heads()).toEqual([child]);
    expect((await images.get(child)).parent).toBe(parent);
    expect(await recordOf(storage, child)).toBe(`{"parent":"${parent}"}`);
  });

  it('can be changed', async () => {
    const { images, parent, child } = await family();
    const other = await images.create(configOf([A], { author: 'another' }));
    await images.setParent(child, other);
    expect(await images.children(parent)).toEqual([]);
    expect(await images.children(other)).toEqual([child]);
    expect(await images.heads()).toEqual([child, parent].sort());
  });

  it('are lost with the parent', async () => {
    const { images, parent, child } = await family();
    await images.setLastUpdated(child, 7);
    await images.delete(parent);
    expect(await images.getParent(child)).toBeUndefined();
    expect((await images.get(child)).lastUpdated).toBe(7);
    await images.delete(child);
    expect(await images.heads()).toEqual([]);
  });

  it('must be known', async () => {
    const { images, child } = await family();
    await expect(images.setParent(child, NOBODY)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `unknown parent image ID ${NOBODY}`,
    });
    await expect(images.setParent(NOBODY, child)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `unrecognized image ID ${NOBODY}`,
    });
    await expect(images.getParent(NOBODY)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await images.children(NOBODY)).toEqual([]);
  });
});

describe('delete', () => {
  it('gives the layers back and answers which went', async () => {
    const { storage, layers, images, chain } = await setup();
    const first = await images.create(configOf([A]));
    const second = await images.create(configOf([A], { author: 'somebody' }));
    expect(await images.delete(first)).toEqual([]);
    expect(layers.holds(chain)).toBe(1);
    expect(await images.delete(second)).toMatchObject([{ chainId: chain }]);
    expect(layers.holds(chain)).toBeUndefined();
    await expect(images.get(second)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(images.delete(second)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `unrecognized image ID ${second}`,
    });
    expect((await storage.content.info(second)).digest).toBe(second);
  });

  it('removes images that can no longer be read', async () => {
    const { storage, layers, images } = await setup();
    const id = await images.create(configOf([A]));
    await storage.content.delete(id);
    const other = await openImageStore({ storage, layers });
    await other.delete(id);
    expect(await recordOf(storage, id)).toBeUndefined();
    await setRecord(storage, NOBODY, [1]);
    await other.delete(NOBODY);
    expect(await recordOf(storage, NOBODY)).toBeUndefined();
  });
});

describe('setLastUpdated', () => {
  it('keeps the time beside the parent', async () => {
    const { storage, images } = await setup();
    const parent = await images.create(configOf([]));
    const id = await images.create(configOf([A]));
    await images.setLastUpdated(id, 1_700_000_000_000);
    await images.setParent(id, parent);
    expect(await images.get(id)).toMatchObject({ parent, lastUpdated: 1_700_000_000_000 });
    expect(await recordOf(storage, id)).toBe(`{"parent":"${parent}","lastUpdated":1700000000000}`);
  });

  it('refuses what is no time and images that are not there', async () => {
    const { images } = await setup();
    const id = await images.create(configOf([A]));
    await expect(images.setLastUpdated(id, NaN)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
    await expect(images.setLastUpdated(NOBODY, 1)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('opening', () => {
  it('finds the images again and holds their layers', async () => {
    const { storage, images } = await setup();
    const parent = await images.create(configOf([A]));
    const child = await images.create(configOf([A, B].slice(0, 1), { author: 'the child' }));
    await images.setParent(child, parent);
    await images.setLastUpdated(child, 7);
    const layers = createFakeLayerStore();
    const chain = layers.add(A);
    const again = await openImageStore({ storage, layers });
    expect(layers.holds(chain)).toBe(2);
    expect(await again.children(parent)).toEqual([child]);
    expect(await again.map()).toEqual(await images.map());
    expect(await again.search(child)).toBe(child);
  });

  it('passes over what is incomplete and removes nothing of it', async () => {
    const { storage, images } = await setup();
    const complete = await images.create(configOf([]));
    const withoutLayers = await images.create(configOf([A]));
    const withoutContent = await images.create(configOf([], { author: 'lost' }));
    await storage.content.delete(withoutContent);
    const damaged = await images.create(configOf([], { author: 'damaged' }));
    await setRecord(storage, damaged, { parent: 'nonsense' });
    await storage.metadata.set('images', 'sha256/readme', new Uint8Array());
    await storage.metadata.set('images', 'other.json', new Uint8Array());

    const layers = createFakeLayerStore();
    const again = await openImageStore({ storage, layers });
    expect([...(await again.map()).keys()]).toEqual([complete]);
    expect(await again.heads()).toEqual([complete]);
    for (const id of [withoutLayers, withoutContent]) {
      await expect(again.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      await expect(again.search(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
      expect(await recordOf(storage, id)).toBe('{}');
    }
    await expect(again.get(damaged)).rejects.toMatchObject({
      code: 'DATA_LOSS',
      message: `images/${digestKey(damaged, '.json')} is damaged`,
    });

    layers.add(A);
    expect((await again.get(withoutLayers)).id).toBe(withoutLayers);
  });

  it.each(['nonsense', 'null', '[]', '{"parent":1}', '{"parent":"x"}', '{"lastUpdated":"now"}'])(
    'takes %s for no record',
    async (text) => {
      const { storage, images } = await setup();
      const id = await images.create(configOf([A]));
      await storage.metadata.set('images', digestKey(id, '.json'), new TextEncoder().encode(text));
      await expect(images.get(id)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    },
  );

  it('reports a storage that fails', async () => {
    const { storage, layers } = await setup();
    const failure = new Error('disk on fire');
    const metadata = {
      ...bound(storage.metadata),
      keys: (): AsyncIterable<string> => ({
        [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(failure) }),
      }),
    };
    await expect(openImageStore({ storage: { ...storage, metadata }, layers })).rejects.toBe(failure);
  });
});

describe('two stores over one storage', () => {
  it('see what the other does', async () => {
    const { storage, layers, images, chain } = await setup();
    const other = await openImageStore({ storage, layers });
    const id = await images.create(configOf([A]));
    expect((await other.get(id)).id).toBe(id);
    expect(layers.holds(chain)).toBe(2);
    await images.delete(id);
    await expect(other.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await other.heads()).toEqual([]);
    await other.create(configOf([]));
    expect(layers.holds(chain)).toBeUndefined();
  });
});
