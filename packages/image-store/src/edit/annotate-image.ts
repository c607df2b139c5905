import { StowageError } from '@stowage/types';
import { withManifest } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';

/**
 * Sets annotations of an image's manifest. The image keeps its ID.
 *
 * @param image the image, in OCI's format
 * @param annotations what to set; `undefined` removes an annotation
 * @throws `UNSUPPORTED` for an image in docker's format, which has no annotations
 *
 * @example
 * ```ts
 * import { annotateImage } from '@stowage/image-store';
 *
 * const config = { rootfs: { type: 'layers', diff_ids: [] } };
 * const image = annotateImage({ format: 'oci', config, layers: [] }, { 'org.opencontainers.image.vendor': 'us' });
 * console.log(image.annotations); // { 'org.opencontainers.image.vendor': 'us' }
 * ```
 */
export function annotateImage(
  image: EditableImage,
  annotations: Readonly<Record<string, string | undefined>>,
): EditableImage {
  if (image.format === 'docker') {
    throw new StowageError(
      'UNSUPPORTED',
      "docker's manifests have no annotations: convert the image to OCI first",
    );
  }
  const merged = new Map<string, string | undefined>(Object.entries(image.annotations ?? {}));
  for (const [name, value] of Object.entries(annotations)) merged.set(name, value);
  const left = [...merged].filter((entry): entry is [string, string] => entry[1] !== undefined);
  return withManifest(image, { annotations: left.length === 0 ? undefined : Object.fromEntries(left) });
}
