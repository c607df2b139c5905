import { streamOf } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Layer } from '@stowage/types';
import { openLayerStore } from '../store/layer-store.ts';
import { openImageView } from '../view/image-view.ts';
import type { ImageView, ImageViewOptions } from '../view/image-view.ts';
import { tarOfLines } from './layers.ts';

/** Layers of a new store, each on the one before. */
export async function layersOf(...stack: readonly Uint8Array[]): Promise<Layer[]> {
  const store = await openLayerStore({ storage: createMemoryStorage() });
  const layers: Layer[] = [];
  for (const tar of stack) layers.push(await store.register(streamOf(tar), layers.at(-1)?.chainId));
  return layers;
}

/** The image of such layers. */
export async function viewOfTars(
  stack: readonly Uint8Array[],
  options: ImageViewOptions = {},
): Promise<ImageView> {
  return openImageView(await layersOf(...stack), options);
}

/** The image of layers of lines: see `tarOfLines`. */
export async function viewOf(...stack: readonly (readonly string[])[]): Promise<ImageView> {
  return viewOfTars(stack.map(tarOfLines));
}

/** Every path, a directory with a slash at its end. */
export function listing(view: ImageView): string[] {
  return [...view.walk()].map(({ path, type }) => (type === 'dir' ? `${path}/` : path));
}
