import { EMPTY_LAYER } from '@stowage/layer-store';
import { MEDIA_TYPES } from '@stowage/types';
import type { ChainID, Layer, LayerStore, PushLayer, PushLayerProvider } from '@stowage/types';

/**
 * What a push reads layers from; the counterpart of moby's NewLayerProvidersFromStores. A layer gives its uncompressed
 * tar, and tells with `descriptor` which blob it came as.
 *
 * @param stores layer stores by the operating system of images, as Go's GOOS
 * @returns for each, what gives its layers; without a ChainID, an empty layer that belongs to no store
 *
 * @example
 * ```ts
 * import { createLayerProviders, openStowage } from 'stowage';
 *
 * await using stowage = await openStowage();
 * const { linux } = createLayerProviders({ linux: stowage.layers });
 * const layer = await linux?.get(undefined);
 * console.log(await layer?.size(), layer?.mediaType()); // 0 application/vnd.docker.image.rootfs.diff.tar
 * await layer?.release();
 * ```
 */
export function createLayerProviders(
  stores: Readonly<Record<string, LayerStore>>,
): Record<string, PushLayerProvider> {
  return Object.fromEntries(Object.entries(stores).map(([os, store]) => [os, providerOf(store)]));
}

function providerOf(store: LayerStore): PushLayerProvider {
  return {
    async get(chainId: ChainID | undefined, options): Promise<PushLayer> {
      options?.signal?.throwIfAborted();
      if (chainId === undefined) return pushLayerOf(EMPTY_LAYER, nothing);
      const layer = await store.get(chainId, options);
      let held = true;
      return pushLayerOf(layer, async () => {
        if (!held) return;
        held = false;
        // What goes wrong with the store is for those to see who use it next.
        await store.release(layer).catch(nothing);
      });
    },
  };
}

function pushLayerOf(layer: Layer, release: () => Promise<void>): PushLayer {
  const { chainId, diffId, diffSize, parent } = layer;
  return {
    chainId,
    diffId,
    parent: () => (parent === undefined ? undefined : pushLayerOf(parent, nothing)),
    open: (options) => layer.tarStream(options),
    size: () => Promise.resolve(diffSize),
    mediaType: () => MEDIA_TYPES.dockerLayer,
    release,
    descriptor: () => (layer === EMPTY_LAYER ? undefined : layer.descriptor),
  };
}

async function nothing(): Promise<void> {
  // There is nothing to give back.
}
