import { parseGoTime } from '@stowage/types';
import type { Descriptor, DiffID } from '@stowage/types';
import { createHistory } from '../image/child-image.ts';
import type { HistoryInit } from '../image/child-image.ts';
import { fullHistory, withConfig } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';
import { layerIn } from './layer-types.ts';

/** A layer to put on top of an image: what a layer store tells of one that was registered. */
export interface AppendedLayer {
  /** The blob. */
  readonly descriptor: Descriptor;
  /** The digest of its tar. */
  readonly diffId: DiffID;
}

/**
 * Puts a layer on top of an image, with an entry in its history.
 *
 * @param image the image
 * @param layer the layer
 * @param step what the history says of it; its time becomes the image's. Default: nothing
 * @throws `UNSUPPORTED` for a blob that is no layer, or none that the image's format has a type for;
 *   `INVALID_ARGUMENT` for a malformed time
 *
 * @example
 * ```ts
 * import { appendLayer } from '@stowage/image-store';
 * import { asDigest, MEDIA_TYPES } from '@stowage/types';
 * import type { DiffID } from '@stowage/types';
 *
 * const digest = asDigest('sha256:' + '1'.repeat(64));
 * const layer = { descriptor: { mediaType: MEDIA_TYPES.ociLayer, digest, size: 1024 }, diffId: digest as DiffID };
 * const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };
 * const image = appendLayer({ format: 'docker', config, layers: [] }, layer, { createdBy: 'by hand' });
 * console.log(image.layers[0]?.mediaType); // application/vnd.docker.image.rootfs.diff.tar
 * ```
 */
export function appendLayer(
  image: EditableImage,
  { descriptor, diffId }: AppendedLayer,
  step: Omit<HistoryInit, 'emptyLayer'> = {},
): EditableImage {
  const { config, layers, format } = image;
  const { created } = step;
  if (created !== undefined) parseGoTime(created);
  return withConfig(
    image,
    {
      ...config,
      ...(created === undefined ? {} : { created }),
      rootfs: { ...config.rootfs, diff_ids: [...config.rootfs.diff_ids, diffId] },
      history: [...fullHistory(config), createHistory(step)],
    },
    [...layers, layerIn(format, descriptor)],
  );
}
