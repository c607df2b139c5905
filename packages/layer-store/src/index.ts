export { checkLayers } from './check-layers.ts';
export { EMPTY_LAYER, EMPTY_LAYER_DIFF_ID } from './empty-layer.ts';
export { isLayerMediaType } from './layer-media-types.ts';
export { openLayerStore } from './layer-store.ts';
export type { LayerStoreInit } from './layer-store.ts';
export { DEFAULT_LAYER_LIMITS } from './limits.ts';
export type { LayerLimits } from './limits.ts';
export { openImageView } from './image-view.ts';
export type { ImageView, ImageViewOptions, ViewEntry } from './image-view.ts';
