import { MEDIA_TYPES } from '@stowage/types';
import type { DiffID } from '@stowage/types';
import { appendLayer } from '../edit/append-layer.ts';
import type { AppendedLayer } from '../edit/append-layer.ts';
import type { EditableImage } from '../edit/editable-image.ts';
import { diffIdOf } from './fake-layer-store.ts';

/** An image without layers, in OCI's format. */
export const SCRATCH: EditableImage = {
  format: 'oci',
  config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
  layers: [],
};

/** A layer that is named by one hexadecimal digit. */
export function layerOf(digit: string, mediaType: string = MEDIA_TYPES.ociLayerGzip): AppendedLayer {
  const diffId: DiffID = diffIdOf(digit);
  return { descriptor: { mediaType, digest: diffId, size: 100 + Number.parseInt(digit, 16) }, diffId };
}

/** An image of layers that are named by digits, with a step in the history for each. */
export function imageOf(digits: string, base: EditableImage = SCRATCH): EditableImage {
  return Array.from(digits).reduce(
    (image, digit) => appendLayer(image, layerOf(digit), { createdBy: `layer ${digit}` }),
    base,
  );
}
