import { createTarWriter, streamOf } from '@stowage/core';
import type { ChainID, DiffID, ImageID, ImageStore, Layer, LayerStore, Storage } from '@stowage/types';
import { digestOf, failure, rejection, reopened, text, withSubject } from './storage-subject.ts';
import type { StorageSetup, StorageSubject, TestApi } from './storage-subject.ts';

/** The stores under test, opened over one storage. */
export interface ImageStores {
  readonly images: ImageStore;
  readonly layers: LayerStore;
}

/** Opens the stores over a storage, fresh or used before. */
export type OpenImageStores = (storage: Storage) => Promise<ImageStores>;

type Stores = ImageStores & { readonly storage: Storage; readonly subject: StorageSubject };

/** Registers a layer of one file on top of another, with a hold on it. */
function addLayer(layers: LayerStore, name: string, parent?: ChainID): Promise<Layer> {
  const tar = createTarWriter();
  const parts = tar.entry({ name }, text(`content of ${name}`));
  return layers.register(streamOf(...parts, tar.end()), parent);
}

function configOf(diffIds: readonly DiffID[], more: object = {}): Uint8Array {
  const rootfs = { type: 'layers', diff_ids: diffIds };
  return text(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs, ...more }));
}

/** Creates an image of two layers that holds them alone. */
async function addImage({ images, layers }: ImageStores, more: object = {}): Promise<[ImageID, Layer]> {
  const base = await addLayer(layers, 'base');
  const top = await addLayer(layers, 'top', base.chainId);
  const id = await images.create(configOf([base.diffId, top.diffId], more));
  await layers.release(base);
  await layers.release(top);
  return [id, top];
}

/**
 * What every `ImageStore` must do.
 *
 * @param api the test runner
 * @param setup makes a fresh storage for each test
 * @param open opens the stores over it
 */
export function imageStoreSuite(api: TestApi, setup: StorageSetup, open: OpenImageStores): void {
  const { describe, it, expect } = api;
  const test = (name: string, body: (stores: Stores) => Promise<void>): void => {
    it(
      name,
      withSubject(setup, async (subject) => {
        const { storage } = subject;
        await body({ ...(await open(storage)), storage, subject });
      }),
    );
  };

  describe('ImageStore', () => {
    test('names images by the digest of their configuration', async ({ images }) => {
      const config = configOf([], { 'not known here': [1, { a: null }] });
      const id = await images.create(config);
      expect(id).toBe(await digestOf(config));
      const image = await images.get(id);
      expect([image.id, image.raw]).toEqual([id, config]);
      expect(image.config.architecture).toBe('amd64');
      expect(await images.create(config)).toBe(id);
      expect([...(await images.map()).keys()]).toEqual([id]);
    });

    test('refuses malformed configurations and missing layers', async ({ images }) => {
      await failure('INVALID_MANIFEST', images.create(text('nonsense')));
      await failure('INVALID_MANIFEST', images.create(text('{}')));
      await failure('INVALID_MANIFEST', images.create(configOf([], { history: [{}] })));
      const missing = (await digestOf(text('no layer'))) as DiffID;
      const { message } = await failure('NOT_FOUND', images.create(configOf([missing])));
      expect(message).toBe(`failed to get layer ${missing}: layer does not exist`);
      expect(await images.heads()).toEqual([]);
    });

    test('holds the layers of an image until it is deleted', async (stores) => {
      const { images, layers } = stores;
      const [first, top] = await addImage(stores);
      const [second] = await addImage(stores, { author: 'somebody' });
      expect(await images.delete(first)).toEqual([]);
      await layers.release(await layers.get(top.chainId));
      const released = await images.delete(second);
      expect(released.map(({ chainId }) => chainId)).toEqual([top.chainId, top.parent?.chainId]);
      await failure('NOT_FOUND', layers.get(top.chainId));
      await failure('NOT_FOUND', images.get(second));
      await failure('NOT_FOUND', images.delete(second));
    });

    test('keeps images whose layers are pending, until they are registered', async (stores) => {
      const { images, layers, subject } = stores;
      const base = await addLayer(layers, 'base');
      const top = await addLayer(layers, 'top', base.chainId);
      const pending = [base.descriptor, { ...top.descriptor, urls: ['https://example.org/top'] }];
      const config = configOf([base.diffId, top.diffId]);
      await layers.release(top);
      await layers.release(base);
      await failure('INVALID_ARGUMENT', images.create(config, { pending: pending.slice(1) }));
      await failure('NOT_FOUND', images.create(config));
      const id = await images.create(config, { pending, lastUpdated: 5 });
      await failure('NOT_FOUND', images.create(config, { lastUpdated: 6 }));

      const again = await open(await reopened(subject));
      expect(await again.images.get(id)).toMatchObject({ id, pending, lastUpdated: 6 });
      expect([...(await again.images.map()).keys()]).toEqual([id]);
      expect(await again.images.search(id)).toBe(id);
      const first = await again.layers.registerBlob(base.descriptor);
      const second = await again.layers.registerBlob(top.descriptor, first.chainId);
      await again.images.create(config);
      await again.layers.release(second);
      await again.layers.release(first);
      expect(await again.images.get(id)).not.toHaveProperty('pending');
      // It holds them now, whoever says that they are pending.
      await again.images.create(config, { pending });
      expect(await again.images.get(id)).not.toHaveProperty('pending');
      expect((await again.images.delete(id)).length).toBe(2);
    });

    test('deletes an image whose layers are pending', async ({ images }) => {
      const digest = await digestOf(text('a blob'));
      const pending = [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 6 }];
      const id = await images.create(configOf([digest as DiffID]), { pending });
      expect(await images.delete(id)).toEqual([]);
      await failure('NOT_FOUND', images.get(id));
    });

    test('finds images by a prefix', async (stores) => {
      const { images } = stores;
      const [id] = await addImage(stores);
      const hex = id.slice('sha256:'.length);
      for (const term of [id, hex, hex.slice(0, 12), `sha256:${hex.slice(0, 5)}`]) {
        expect(await images.search(term)).toBe(id);
      }
      expect((await failure('NOT_FOUND', images.search('nothing'))).message).toBe('No such image: nothing');
      await failure('NOT_FOUND', images.search(''));
      const firsts = new Set([hex.charAt(0)]);
      for (let number = 0; ; number += 1) {
        const first = (await images.create(configOf([], { author: String(number) }))).charAt(
          'sha256:'.length,
        );
        if (firsts.size < firsts.add(first).size) continue;
        expect((await failure('AMBIGUOUS', images.search(first))).message).toBe('ambiguous digest string');
        return;
      }
    });

    test('keeps parents, and when images were used', async ({ subject, images }) => {
      const parent = await images.create(configOf([]));
      const child = await images.create(configOf([], { author: 'the child' }));
      await images.setParent(child, parent);
      await images.setLastUpdated(child, 1_700_000_000_123);
      const unknown = (await digestOf(text('unknown'))) as ImageID;
      await failure('NOT_FOUND', images.setParent(child, unknown));
      await failure('NOT_FOUND', images.setParent(unknown, child));
      await failure('NOT_FOUND', images.getParent(unknown));
      await failure('NOT_FOUND', images.setLastUpdated(unknown, 1));

      const again = (await open(await reopened(subject))).images;
      await failure('INVALID_ARGUMENT', again.create(configOf([]), { lastUpdated: Infinity }));
      await again.create(configOf([]), { lastUpdated: 7 });
      expect((await again.get(parent)).lastUpdated).toBe(7);
      expect(await again.getParent(child)).toBe(parent);
      expect(await again.getParent(parent)).toBeUndefined();
      expect(await again.children(parent)).toEqual([child]);
      expect(await again.heads()).toEqual([child]);
      expect(await again.get(child)).toMatchObject({ parent, lastUpdated: 1_700_000_000_123 });
      await again.delete(parent);
      expect(await again.getParent(child)).toBeUndefined();
      expect((await again.get(child)).lastUpdated).toBe(1_700_000_000_123);
    });

    test('deletes many at once, whose children lose their parents', async (stores) => {
      const { images } = stores;
      const [first, top] = await addImage(stores);
      const [second] = await addImage(stores, { author: 'second' });
      const child = await images.create(configOf([], { author: 'the child' }));
      const grandchild = await images.create(configOf([], { author: 'the grandchild' }));
      await images.setParent(child, first);
      await images.setParent(grandchild, child);
      const unknown = (await digestOf(text('unknown'))) as ImageID;
      expect(await images.delete([])).toEqual([]);
      expect(await images.delete([unknown])).toEqual([]);
      const released = await images.delete([first, unknown, second, first]);
      expect(released.map(({ chainId }) => chainId)).toEqual([top.chainId, top.parent?.chainId]);
      expect(await images.getParent(child)).toBeUndefined();
      expect(await images.getParent(grandchild)).toBe(child);
      expect(await images.heads()).toEqual([grandchild]);
    });

    test('finds images and their layers again', async (stores) => {
      const [id, top] = await addImage(stores);
      const { images, layers } = await open(await reopened(stores.subject));
      expect((await images.get(id)).config.rootfs.diff_ids).toHaveLength(2);
      const hold = await layers.get(top.chainId);
      expect(await layers.release(hold)).toEqual([]);
      expect((await images.delete(id)).map(({ chainId }) => chainId)).toEqual([
        top.chainId,
        top.parent?.chainId,
      ]);
    });

    test('passes over an image whose configuration is gone, and repairs it', async (stores) => {
      const { subject } = stores;
      const config = configOf([], { author: 'lost' });
      const lost = await stores.images.create(config);
      const [kept] = await addImage(stores);
      const storage = await reopened(subject);
      await storage.content.delete(lost);
      const { images } = await open(storage);
      expect([...(await images.map()).keys()]).toEqual([kept]);
      await failure('NOT_FOUND', images.get(lost));
      await failure('NOT_FOUND', images.search(lost));
      expect(await images.create(config)).toBe(lost);
      expect((await images.get(lost)).raw).toEqual(config);
    });

    test('sees at once what another store does', async ({ storage, images }) => {
      const other = await open(storage);
      const configs = Array.from({ length: 10 }, (_, number) => configOf([], { author: String(number) }));
      const ids = await Promise.all(
        configs.map((config, number) => (number % 2 === 0 ? images : other.images).create(config)),
      );
      for (const store of [images, other.images]) {
        expect([...(await store.map()).keys()].sort()).toEqual([...ids].sort());
      }
      await Promise.all(ids.slice(1).map((id) => images.setParent(id, ids[0] ?? id)));
      expect(await other.images.children(ids[0] as ImageID)).toHaveLength(9);
      await other.images.delete(ids[0] as ImageID);
      expect(await images.heads()).toHaveLength(9);
    });

    test('stops when it is aborted', async ({ images }) => {
      const reason = new Error('enough');
      const signal = AbortSignal.abort(reason);
      expect(await rejection(images.create(configOf([]), { signal }))).toBe(reason);
      expect(await images.heads()).toEqual([]);
    });
  });
}
