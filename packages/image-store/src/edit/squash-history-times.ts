import { formatGoTime, parseGoTime } from '@stowage/types';
import { withConfig } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';

/**
 * Gives an image and every step of its history one time, so that building it again gives the same bytes. The layers
 * keep the times of their files.
 *
 * @param image the image
 * @param created the time, RFC 3339
 * @throws `INVALID_ARGUMENT` where it is none
 *
 * @example
 * ```ts
 * import { squashHistoryTimes } from '@stowage/image-store';
 *
 * const config = { history: [{ empty_layer: true }], rootfs: { type: 'layers', diff_ids: [] } };
 * const image = squashHistoryTimes({ format: 'oci', config, layers: [] }, '1970-01-01T00:00:00Z');
 * console.log(image.config.history?.[0]?.created); // 1970-01-01T00:00:00Z
 * ```
 */
export function squashHistoryTimes(image: EditableImage, created: string): EditableImage {
  const time = formatGoTime(parseGoTime(created));
  const { history, ...config } = image.config;
  return withConfig(image, {
    ...config,
    created: time,
    ...(history === undefined ? {} : { history: history.map((step) => ({ ...step, created: time })) }),
  });
}
