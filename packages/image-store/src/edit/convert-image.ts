import { withManifest } from './editable-image.ts';
import type { EditableImage, ImageFormat } from './editable-image.ts';
import { layerIn } from './layer-types.ts';

/**
 * Converts an image between OCI's format and docker's. Configuration and layers keep their bytes, and the image its ID:
 * only the manifest changes. What docker's manifests have no place for is left out: annotations, the subject and the
 * artifact type of the manifest.
 *
 * @param image the image
 * @param format what to convert it to; an image that has it already is answered as it is
 * @throws `UNSUPPORTED` for layers that docker has no type for: those of zstd, for example
 *
 * @example
 * ```ts
 * import { convertImage } from '@stowage/image-store';
 *
 * const config = { rootfs: { type: 'layers', diff_ids: [] } };
 * console.log(convertImage({ format: 'docker', config, layers: [] }, 'oci').format); // oci
 * ```
 */
export function convertImage(image: EditableImage, format: ImageFormat): EditableImage {
  if (image.format === format) return image;
  const layers = image.layers.map((layer) => layerIn(format, layer));
  const converted = withManifest(image, { format, layers });
  if (format === 'oci') return converted;
  const { annotations: _annotations, subject: _subject, artifactType: _type, ...left } = converted;
  return left;
}
