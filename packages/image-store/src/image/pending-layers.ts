import { chainId } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { AbortOptions, DiffID, Image, ImageStore, Layer, LayerStore } from '@stowage/types';

/** What the layers of an image are registered with. */
export interface PendingLayersDeps {
  readonly imageStore: Pick<ImageStore, 'create'>;
  readonly layers: Pick<LayerStore, 'get' | 'registerBlob' | 'release'>;
}

/**
 * Registers the layers of an image that was pulled by its digests only: their blobs are inflated, and what they turn out
 * to be is held against the DiffIDs of the configuration. Does nothing for any other image. It may be called by many at
 * a time, and again after it has failed.
 *
 * @param image of the store
 * @param deps the store and its layers
 * @throws `DIGEST_MISMATCH` for a blob that is not the layer that the configuration names, `INVALID_ARCHIVE`,
 *   `LIMIT_EXCEEDED`, `UNSUPPORTED`, `NOT_FOUND` for a blob that is gone
 *
 * @example
 * ```ts
 * import { openImageStore, registerPendingLayers } from '@stowage/image-store';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * const imageStore = await openImageStore({ storage, layers });
 * const config = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
 * const image = await imageStore.get(await imageStore.create(new TextEncoder().encode(config)));
 * await registerPendingLayers(image, { imageStore, layers });
 * console.log(image.pending); // undefined
 * ```
 */
export async function registerPendingLayers(
  { pending, config: { rootfs }, raw }: Pick<Image, 'pending' | 'config' | 'raw'>,
  { imageStore, layers }: PendingLayersDeps,
  options: AbortOptions = {},
): Promise<void> {
  if (pending === undefined) return;
  const diffIds = rootfs.diff_ids;
  let top = await highestRegistered(diffIds, layers, options);
  try {
    for (const [index, descriptor] of pending.entries()) {
      if (index < (top?.depth ?? 0)) continue;
      const registering = layers.registerBlob(descriptor, top?.layer.chainId, {
        ...options,
        diffId: diffIds[index],
      });
      const beneath = top;
      top = { layer: await registering, depth: index + 1 };
      if (beneath !== undefined) await layers.release(beneath.layer);
    }
    // From now on the image holds them.
    await imageStore.create(raw, options);
  } finally {
    if (top !== undefined) await layers.release(top.layer);
  }
}

/** The highest layer of a stack that is registered, held, and how many layers it ends. */
async function highestRegistered(
  diffIds: readonly DiffID[],
  layers: PendingLayersDeps['layers'],
  options: AbortOptions,
): Promise<{ readonly layer: Layer; readonly depth: number } | undefined> {
  for (let depth = diffIds.length; depth > 0; depth--) {
    try {
      return { layer: await layers.get(chainId(diffIds.slice(0, depth)), options), depth };
    } catch (error) {
      if (!isStowageError(error, 'NOT_FOUND')) throw error;
    }
  }
  return undefined;
}
