import { openImageView } from '@stowage/layer-store';
import type { AbortOptions, Image } from '@stowage/types';
import { stackOf, topLayer } from './image-layers.ts';
import type { ImageLayersDeps } from './image-layers.ts';
import type { OpenImageView } from './stowage.ts';

/** The files of an image. Its layers are held until the view is closed. */
export async function openView(
  image: Image,
  deps: ImageLayersDeps,
  options?: AbortOptions,
): Promise<OpenImageView> {
  const top = await topLayer(image, deps, options);
  let open = top !== undefined;
  const close = async (): Promise<void> => {
    if (!open || top === undefined) return;
    open = false;
    await deps.layers.release(top);
  };
  try {
    const view = await openImageView(stackOf(top), { ...options, history: image.config.history });
    return Object.assign(view, { close, [Symbol.asyncDispose]: close });
  } catch (error) {
    await close();
    throw error;
  }
}
