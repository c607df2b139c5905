export { extract as extractLayers } from '@stowage/layer-store/node';
