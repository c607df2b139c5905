import { chainId } from '@stowage/core';
import type { AbortOptions, ImageConfig, Layer, LayerStore } from '@stowage/types';

/**
 * Runs a piece of work over the layers of an image, base first, and holds them while it runs.
 *
 * @param config the image's configuration
 * @param layers the layer store
 * @param work what to do; the layers are let go when it ends
 * @throws `NOT_FOUND` when a layer is missing
 */
export async function withImageLayers<T>(
  config: ImageConfig,
  layers: LayerStore,
  work: (layers: readonly Layer[]) => Promise<T>,
  options?: AbortOptions,
): Promise<T> {
  const top = await topLayer(config, layers, options);
  try {
    return await work(stackOf(top));
  } finally {
    if (top !== undefined) await layers.release(top);
  }
}

/**
 * The top layer of an image, held; `undefined` for an image without layers.
 *
 * @throws `NOT_FOUND` when a layer is missing
 */
export async function topLayer(
  { rootfs }: ImageConfig,
  layers: LayerStore,
  options?: AbortOptions,
): Promise<Layer | undefined> {
  return rootfs.diff_ids.length === 0 ? undefined : layers.get(chainId(rootfs.diff_ids), options);
}

/** A layer and all beneath it, base first. */
export function stackOf(top: Layer | undefined): Layer[] {
  const stack: Layer[] = [];
  for (let layer = top; layer !== undefined; layer = layer.parent) stack.unshift(layer);
  return stack;
}
