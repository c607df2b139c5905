import { createTarWriter, streamOf } from '@stowage/core';
import { openImageStore, registerPendingLayers } from '@stowage/image-store';
import type { PendingLayersDeps } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import type {
  ChainID,
  Descriptor,
  DiffID,
  Image,
  ImageStore,
  Layer,
  LayerStore,
  Storage,
} from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { stackOf, topLayer, withImageLayers } from './image-layers.ts';

let storage: Storage;
let layers: LayerStore;
let imageStore: ImageStore;
let deps: PendingLayersDeps;
const registered: string[] = [];

beforeEach(async () => {
  storage = createMemoryStorage();
  layers = await openLayerStore({ storage });
  imageStore = await openImageStore({ storage, layers });
  registered.length = 0;
  deps = {
    imageStore,
    layers: {
      get: layers.get.bind(layers),
      release: layers.release.bind(layers),
      registerBlob: (...args) => {
        registered.push(args[0].digest);
        return layers.registerBlob(...args);
      },
    },
  };
});

function addLayer(name: string, parent?: ChainID): Promise<Layer> {
  const tar = createTarWriter();
  return layers.register(streamOf(...tar.entry({ name }), tar.end()), parent);
}

function configOf(diffIds: readonly DiffID[]): Uint8Array {
  const rootfs = { type: 'layers', diff_ids: diffIds };
  return new TextEncoder().encode(JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs }));
}

/** Stores three layers, of which the lowest ones stay registered, and an image for which they are pending. */
async function pendingImage(
  kept: number,
  change: (diffIds: DiffID[], pending: Descriptor[]) => void = () => undefined,
): Promise<{ image: Image; kept: Layer | undefined; blobs: readonly Descriptor[] }> {
  const stack: Layer[] = [];
  for (const name of ['a', 'b', 'c']) stack.push(await addLayer(name, stack.at(-1)?.chainId));
  const diffIds = stack.map(({ diffId }) => diffId);
  const pending = stack.map(({ descriptor }) => descriptor);
  for (const [index, layer] of stack.entries()) if (index !== kept - 1) await layers.release(layer);
  change(diffIds, pending);
  const id = await imageStore.create(configOf(diffIds), { pending });
  return { image: await imageStore.get(id), kept: stack[kept - 1], blobs: pending };
}

async function countLayers(): Promise<number> {
  return (await layers.map()).size;
}

describe('registerPendingLayers', () => {
  it('registers what is missing, from the highest layer on that is there', async () => {
    const { image, kept, blobs } = await pendingImage(1);
    expect(await countLayers()).toBe(1);
    await registerPendingLayers(image, deps);
    expect(registered).toEqual(blobs.slice(1).map(({ digest }) => digest));
    expect(await imageStore.get(image.id)).not.toHaveProperty('pending');
    // Now the image holds them, and nobody else does.
    await layers.release(kept as Layer);
    expect(await countLayers()).toBe(3);
    expect((await imageStore.delete(image.id)).length).toBe(3);
  });

  it('may be called twice at a time, and does nothing for an image that is whole', async () => {
    const { image } = await pendingImage(0);
    const both = [registerPendingLayers(image, deps), registerPendingLayers(image, deps)];
    await Promise.all(both);
    registered.length = 0;
    await registerPendingLayers(await imageStore.get(image.id), deps);
    expect(registered).toEqual([]);
    expect((await imageStore.delete(image.id)).length).toBe(3);
  });

  it('lets go of everything when a layer is another than promised, and leaves the image as it is', async () => {
    const { image } = await pendingImage(0, (diffIds) => diffIds.reverse());
    await expect(registerPendingLayers(image, deps)).rejects.toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: expect.stringMatching(/^invalid diffID for layer /) as string,
    });
    expect(await countLayers()).toBe(0);
    expect((await imageStore.get(image.id)).pending?.length).toBe(3);
  });

  it('ends with the reason of an abort', async () => {
    const { image } = await pendingImage(0);
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(registerPendingLayers(image, deps, { signal })).rejects.toBe(reason);
    expect(await countLayers()).toBe(0);
  });
});

describe('withImageLayers', () => {
  it('has the layers, base first, and lets go of them whatever happens', async () => {
    const { image, blobs } = await pendingImage(0);
    const seen = await withImageLayers(image, { imageStore, layers }, (stack) =>
      Promise.resolve(stack.map(({ descriptor }) => descriptor)),
    );
    expect(seen).toEqual(blobs);
    const failure = new Error('work');
    await expect(withImageLayers(image, { imageStore, layers }, () => Promise.reject(failure))).rejects.toBe(
      failure,
    );
    expect((await imageStore.delete(image.id)).length).toBe(3);
    expect(await countLayers()).toBe(0);
  });

  it('has none for an image without layers', async () => {
    const image = await imageStore.get(await imageStore.create(configOf([])));
    expect(stackOf(await topLayer(image, { imageStore, layers }))).toEqual([]);
  });
});
