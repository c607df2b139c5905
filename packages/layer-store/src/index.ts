export { checkLayers } from './check/check-layers.ts';
export { EMPTY_LAYER, EMPTY_LAYER_DIFF_ID } from './content/empty-layer.ts';
export { isLayerMediaType } from './store/layer-media-types.ts';
export { openLayerStore } from './store/layer-store.ts';
export type { LayerStoreInit } from './store/layer-store.ts';
export { DEFAULT_LAYER_LIMITS } from './content/limits.ts';
export type { LayerLimits } from './content/limits.ts';
export { openImageView } from './view/image-view.ts';
export type { ImageView, ImageViewOptions, ViewEntry } from './view/image-view.ts';
