import { parseGoTime, StowageError } from '@stowage/types';
import type { ImageConfig } from '@stowage/types';
import { createHistory } from '../image/child-image.ts';
import type { HistoryInit } from '../image/child-image.ts';
import { countLayers, fullHistory, withConfig } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';

/**
 * Changes what the configuration of an image says, but for its layers.
 *
 * @param image the image
 * @param change gives the new configuration; it must not change the one that it is given
 * @param step what the history says of it; its time becomes the image's. Default: the history stays as it is
 * @throws `INVALID_ARGUMENT` where the new configuration names other layers, or more history than layers; for a
 *   malformed time
 *
 * @example
 * ```ts
 * import { changeConfig } from '@stowage/image-store';
 *
 * const config = { os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: [] } };
 * const image = changeConfig(
 *   { format: 'oci', config, layers: [] },
 *   (old) => ({ ...old, config: { ...old.config, User: 'nobody' } }),
 *   { createdBy: 'USER nobody' },
 * );
 * console.log(image.config.config?.User, image.config.history?.[0]?.empty_layer); // nobody true
 * ```
 */
export function changeConfig(
  image: EditableImage,
  change: (config: ImageConfig) => ImageConfig,
  step?: Omit<HistoryInit, 'emptyLayer'>,
): EditableImage {
  const config = change(image.config);
  const before = image.config.rootfs.diff_ids;
  const after = config.rootfs.diff_ids;
  if (before.length !== after.length || before.some((diffId, at) => diffId !== after[at])) {
    throw new StowageError('INVALID_ARGUMENT', 'a change of the configuration cannot change the layers');
  }
  if (countLayers(config.history ?? []) > after.length) {
    throw new StowageError('INVALID_ARGUMENT', 'too many non-empty layers in History section');
  }
  if (step === undefined) return withConfig(image, config);
  const { created } = step;
  if (created !== undefined) parseGoTime(created);
  return withConfig(image, {
    ...config,
    ...(created === undefined ? {} : { created }),
    history: [...fullHistory(config), createHistory({ ...step, emptyLayer: true })],
  });
}
