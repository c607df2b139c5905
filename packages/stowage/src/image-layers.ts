import { chainId } from '@stowage/core';
import { registerPendingLayers } from '@stowage/image-store';
import type { AbortOptions, Image, ImageStore, Layer, LayerStore } from '@stowage/types';

/** What the layers of an image are found with. */
export interface ImageLayersDeps {
  readonly imageStore: Pick<ImageStore, 'create'>;
  readonly layers: LayerStore;
}

/**
 * Runs a piece of work over the layers of an image, base first, and holds them while it runs. Those of an image that was
 * pulled by its digests only are registered first.
 *
 * @param image of the store
 * @param deps the stores
 * @param work what to do; the layers are let go when it ends
 * @throws `NOT_FOUND` when a layer is missing; see `registerPendingLayers`
 */
export async function withImageLayers<T>(
  image: Image,
  deps: ImageLayersDeps,
  work: (layers: readonly Layer[]) => Promise<T>,
  options?: AbortOptions,
): Promise<T> {
  const top = await topLayer(image, deps, options);
  try {
    return await work(stackOf(top));
  } finally {
    if (top !== undefined) await deps.layers.release(top);
  }
}

/**
 * The top layer of an image, held; `undefined` for an image without layers. The layers of an image that was pulled by
 * its digests only are registered first.
 *
 * @throws `NOT_FOUND` when a layer is missing; see `registerPendingLayers`
 */
export async function topLayer(
  image: Image,
  { imageStore, layers }: ImageLayersDeps,
  options?: AbortOptions,
): Promise<Layer | undefined> {
  await registerPendingLayers(image, { imageStore, layers }, options);
  const { diff_ids: diffIds } = image.config.rootfs;
  return diffIds.length === 0 ? undefined : layers.get(chainId(diffIds), options);
}

/** A layer and all beneath it, base first. */
export function stackOf(top: Layer | undefined): Layer[] {
  const stack: Layer[] = [];
  for (let layer = top; layer !== undefined; layer = layer.parent) stack.unshift(layer);
  return stack;
}
