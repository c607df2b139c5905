import { createMemoryStorage } from '@stowage/storage';
import { asDigest, digestKey, encodeGoJson } from '@stowage/types';
import type { ChainID, DiffID, ImageID, ImageStore, Storage } from '@stowage/types';
import { createFakeLayerStore, diffIdOf } from './fake-layer-store.ts';
import type { FakeLayerStore } from './fake-layer-store.ts';
import { openImageStore } from '../image/image-store.ts';

export const A: DiffID = diffIdOf('a');
export const B: DiffID = diffIdOf('b');
export const NOBODY: ImageID = asDigest(`sha256:${'9'.repeat(64)}`) as ImageID;

export interface Setup {
  readonly storage: Storage;
  readonly layers: FakeLayerStore;
  readonly images: ImageStore;
  readonly chain: ChainID;
}

/** An image store whose layer store has the stack of `A`. */
export async function setup(): Promise<Setup> {
  const storage = createMemoryStorage();
  const layers = createFakeLayerStore();
  const chain = layers.add(A);
  return { storage, layers, chain, images: await openImageStore({ storage, layers }) };
}

export function recordOf(storage: Storage, id: ImageID): Promise<string | undefined> {
  return storage.metadata
    .get('images', digestKey(id, '.json'))
    .then((bytes) => bytes && new TextDecoder().decode(bytes));
}

export async function setRecord(storage: Storage, id: ImageID, value: unknown): Promise<void> {
  await storage.metadata.set('images', digestKey(id, '.json'), encodeGoJson(value));
}

/** The methods of an object of a class, so that some of them can be replaced. */
export function bound<T extends object>(object: T): T {
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
