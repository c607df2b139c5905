import { chainId } from '@stowage/core';
import { isStowageError, StowageError } from '@stowage/types';
import type { AbortOptions, ImagePushConfig, PushLayer, RootFS } from '@stowage/types';

/** The layers of an image, base first, and how they are let go of. */
export interface HeldLayers {
  readonly layers: readonly PushLayer[];
  readonly release: () => Promise<void>;
}

/**
 * Takes hold of the layers of an image.
 *
 * @param os the operating system of the image
 * @throws `NOT_FOUND` `failed to get top layer from image: ...`, `PLATFORM_MISMATCH` where there is no store for it
 */
export async function holdLayers(
  { diff_ids: diffIds }: RootFS,
  os: string,
  { layerStores }: Pick<ImagePushConfig, 'layerStores'>,
  options: AbortOptions,
): Promise<HeldLayers> {
  const provider = Object.hasOwn(layerStores, os) ? layerStores[os] : undefined;
  try {
    if (provider === undefined)
      throw new StowageError('PLATFORM_MISMATCH', 'operating system is not supported');
    const top = await provider.get(diffIds.length === 0 ? undefined : chainId(diffIds), options);
    const layers: PushLayer[] = [];
    let at: PushLayer | undefined = top;
    for (let left = diffIds.length; left > 0 && at !== undefined; left -= 1) {
      layers.unshift(at);
      at = at.parent();
    }
    return { layers, release: top.release };
  } catch (cause) {
    if (!isStowageError(cause)) throw cause;
    const message = `failed to get top layer from image: ${cause.message}`;
    throw new StowageError(cause.code, message, { cause });
  }
}
