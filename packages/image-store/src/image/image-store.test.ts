import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, digestKey, encodeGoJson } from '@stowage/types';
import type { ChainID, ImageID, ImageStore, Storage } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openImageStore } from './image-store.ts';
import { configOf, createFakeLayerStore, diffIdOf } from '../test-support/fake-layer-store.ts';
import type { FakeLayerStore } from '../test-support/fake-layer-store.ts';

const A = diffIdOf('a');
const B = diffIdOf('b');
const NOBODY = asDigest(`sha256:${'9'.repeat(64)}`) as ImageID;

interface Setup {
  readonly storage: Storage;
  readonly layers: FakeLayerStore;
  readonly images: ImageStore;
  readonly chain: ChainID;
}

/** An image store whose layer store has the stack of `A`. */
async function setup(): Promise<Setup> {
  const storage = createMemoryStorage();
  const layers = createFakeLayerStore();
  const chain = layers.add(A);
  return { storage, layers, chain, images: await openImageStore({ storage, layers }) };
}

function recordOf(storage: Storage, id: ImageID): Promise<string | undefined> {
  return storage.metadata
    .get('images', digestKey(id, '.json'))
    .then((bytes) => bytes && new TextDecoder().decode(bytes));
}

async function setRecord(storage: Storage, id: ImageID, value: unknown): Promise<void> {
  await storage.metadata.set('images', digestKey(id, '.json'), encodeGoJson(value));
}

describe('create', () => {
  it('stores the bytes as they are and names them by their digest', async () => {
    const { storage, images } = await setup();
    const config = configOf([A], { unknown: { 'kept as it is': 1 } });
    const id = await images.create(config);
    expect(id).toBe(await digestBytes(config));
    const image = await images.get(id);
    expect(image.raw).toEqual(config);
    expect(image.config).toMatchObject({ os: 'linux', unknown: { 'kept as it is': 1 } });
    expect(image).not.toHaveProperty('parent');
    expect(image).not.toHaveProperty('lastUpdated');
    expect(await recordOf(storage, id)).toBe('{}');
    expect(await storage.content.read(id, { maxBytes: 1000 })).toEqual(config);
  });

  it('holds the top layer once, however often the image is created', async () => {
    const { layers, images, chain } = await setup();
    const id = await images.create(configOf([A]));
    await images.setLastUpdated(id, 5);
    expect(await images.create(configOf([A]))).toBe(id);
    await Promise.all([images.create(configOf([A])), images.create(configOf([A])), images.get(id)]);
    expect(layers.holds(chain)).toBe(1);
    expect((await images.get(id)).lastUpdated).toBe(5);
  });

  it('holds layers for each image', async () => {
    const { layers, images, chain } = await setup();
    await images.create(configOf([A]));
    await images.create(configOf([A], { author: 'somebody' }));
    expect(layers.holds(chain)).toBe(2);
  });

  it('takes an image without layers', async () => {
    const { images } = await setup();
    const id = await images.create(configOf([]));
    expect((await images.get(id)).config.rootfs.diff_ids).toEqual([]);
    expect(await images.delete(id)).toEqual([]);
  });

  it('refuses an image whose layers are missing, and keeps its bytes', async () => {
    const { storage, layers, images } = await setup();
    const config = configOf([A, B]);
    const id = (await digestBytes(config)) as ImageID;
    const chain = layers.add(A, B);
    layers.lose(chain);
    await expect(images.create(config)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `failed to get layer ${chain}: layer does not exist`,
    });
    await expect(images.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect(await recordOf(storage, id)).toBeUndefined();
    expect((await storage.content.info(id)).size).toBe(config.byteLength);
    layers.add(A, B);
    expect(await images.create(config)).toBe(id);
  });

  it.each([
    ['no JSON', new TextEncoder().encode('nonsense'), 'image configuration is not JSON'],
    ['no rootfs', new TextEncoder().encode('{"os":"linux"}'), 'invalid image JSON, no RootFS key'],
    [
      'too much history',
      configOf([A], { history: [{}, { empty_layer: true }, {}] }),
      'too many non-empty layers in History section',
    ],
  ])('refuses %s', async (_, config, message) => {
    const { images } = await setup();
    const error = expect(images.create(config)).rejects;
    await error.toMatchObject({
      code: 'INVALID_MANIFEST',
      message: expect.stringContaining(message) as string,
    });
    expect(await images.heads()).toEqual([]);
  });

  it('refuses a configuration beyond reason', async () => {
    const { images } = await setup();
    const config = configOf([A], { padding: 'x'.repeat(8 * 1024 * 1024) });
    await expect(images.create(config)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });

  it('goes on from bytes that a crash left behind', async () => {
    const { storage, images } = await setup();
    const config = configOf([A]);
    const ingest = await storage.content.ingest(`image-${await digestBytes(config)}`);
    await ingest.write(new Uint8Array([1, 2, 3]));
    await ingest.close();
    const id = await images.create(config);
    expect((await images.get(id)).raw).toEqual(config);
  });

  it('repairs a record that is damaged', async () => {
    const { storage, images } = await setup();
    const id = await images.create(configOf([A]));
    await setRecord(storage, id, 'nonsense');
    await expect(images.get(id)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    await images.create(configOf([A]));
    expect((await images.get(id)).id).toBe(id);
  });

  it('notes when, with the record and in one write', async () => {
    const { storage, images } = await setup();
    const parent = await images.create(configOf([]));
    const id = await images.create(configOf([A]), { lastUpdated: 5 });
    expect(await recordOf(storage, id)).toBe('{"lastUpdated":5}');
    await images.setParent(id, parent);
    expect(await images.create(configOf([A]), { lastUpdated: 6 })).toBe(id);
    expect(await images.create(configOf([A]))).toBe(id);
    expect(await recordOf(storage, id)).toBe(`{"parent":"${parent}","lastUpdated":6}`);
    await expect(images.create(configOf([A]), { lastUpdated: NaN })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: 'NaN is no time',
    });
  });

  it('leaves nothing behind when it is aborted', async () => {
    const { layers, images, chain } = await setup();
    const reason = new Error('no longer wanted');
    await expect(images.create(configOf([A]), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(layers.holds(chain)).toBe(0);
    expect(await images.heads()).toEqual([]);
  });
});

describe('get', () => {
  it('knows nothing of other images', async () => {
    const { images } = await setup();
    await expect(images.get(NOBODY)).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: `unrecognized image ID ${NOBODY}`,
    });
  });

  it('row 1: makes no path of a string that is no digest', async () => {
    const { images } = await setup();
    await expect(images.get('sha256:../../x' as ImageID)).rejects.toMatchObject({ code: 'INVALID_DIGEST' });
    await expect(images.delete('sha256:../../x' as ImageID)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reports bytes that are no longer what they were', async () => {
    const { storage, layers } = await setup();
    const config = configOf([A]);
    const id = await (await openImageStore({ storage, layers })).create(config);
    const changed = config.slice();
    changed[0] = 0x20;
    const content = { ...bound(storage.content), read: () => Promise.resolve(changed) };
    const images = await openImageStore({ storage: { ...storage, content }, layers });
    await expect(images.get(id)).rejects.toMatchObject({ code: 'DATA_LOSS' });
    expect(await images.map()).toEqual(new Map());
  });

  it('answers NOT_FOUND where the configuration is gone', async () => {
    const { storage, images } = await setup();
    const id = await images.create(configOf([A]));
    await storage.content.delete(id);
    await expect(images.get(id)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('search', () => {
  it('finds an image by a prefix of its ID', async () => {
    const { images } = await setup();
    const id = await images.create(configOf([A]));
    const hex = id.slice('sha256:'.length);
    for (const term of [id, hex, hex.slice(0, 12), hex.slice(0, 1), `sha256:${hex.slice(0, 3)}`]) {
      expect(await images.search(term)).toBe(id);
    }
  });

  it('refuses what fits nothing', async () => {
    const { images } = await setup();
    const hex = (await images.create(configOf([A]))).slice('sha256:'.length);
    for (const term of [
      '',
      'sha256:',
      `sha512:${hex}`,
      'x',
      `${hex}0`,
      hex.toUpperCase().replace(/^\d*/, 'F'),
    ]) {
      await expect(images.search(term)).rejects.toMatchObject({
        code: 'NOT_FOUND',
        message: `No such image: ${term}`,
      });
    }
  });

  it('refuses what fits several', async () => {
    const { images } = await setup();
    const seen = new Set<string>();
    for (let number = 0; ; number += 1) {
      const first = (await images.create(configOf([A], { author: String(number) }))).charAt('sha256:'.length);
      if (!seen.has(first)) {
        seen.add(first);
        continue;
      }
      await expect(images.search(first)).rejects.toMatchObject({
        code: 'AMBIGUOUS',
        message: 'ambiguous digest string',
      });
      return;
    }
  });
});

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

/** The methods of an object of a class, so that some of them can be replaced. */
function bound<T extends object>(object: T): T {
  return new Proxy(object, {
    ownKeys: () =>
      Object.getOwnPropertyNames(Object.getPrototypeOf(object)).filter((key) => key !== 'constructor'),
    getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }),
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
