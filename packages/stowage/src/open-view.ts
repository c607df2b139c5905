import { openImageView } from '@stowage/layer-store';
import type { AbortOptions, ImageConfig, LayerStore } from '@stowage/types';
import { stackOf, topLayer } from './image-layers.ts';
import type { OpenImageView } from './stowage.ts';

/** The files of an image. Its layers are held until the view is closed. */
export async function openView(
  config: ImageConfig,
  layers: LayerStore,
  options?: AbortOptions,
): Promise<OpenImageView> {
  const top = await topLayer(config, layers, options);
  let open = top !== undefined;
  const close = async (): Promise<void> => {
    if (!open || top === undefined) return;
    open = false;
    await layers.release(top);
  };
  try {
    const view = await openImageView(stackOf(top), { ...options, history: config.history });
    return Object.assign(view, { close, [Symbol.asyncDispose]: close });
  } catch (error) {
    await close();
    throw error;
  }
}
