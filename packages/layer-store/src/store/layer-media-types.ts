import type { CompressionFormat } from '@stowage/core';
import { essenceOf, MEDIA_TYPES, StowageError } from '@stowage/types';

const LAYER_MEDIA_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociLayer,
  MEDIA_TYPES.ociLayerGzip,
  MEDIA_TYPES.ociLayerZstd,
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
  'application/vnd.oci.image.layer.nondistributable.v1.tar+zstd',
  MEDIA_TYPES.dockerLayer,
  MEDIA_TYPES.dockerLayerGzip,
  MEDIA_TYPES.dockerForeignLayerGzip,
  // In no specification, but build tools have pushed it.
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
]);

/**
 * Whether a media type is that of a layer: the tar, tar+gzip and tar+zstd types of OCI, their nondistributable
 * variants, and docker's. How a layer is really compressed is told by its first bytes, whatever its type says.
 *
 * @param mediaType a media type; parameters and case do not matter
 *
 * @example
 * ```ts
 * import { isLayerMediaType } from '@stowage/layer-store';
 *
 * console.log(isLayerMediaType('application/vnd.oci.image.layer.v1.tar+gzip')); // true
 * console.log(isLayerMediaType('application/json')); // false
 * ```
 */
export function isLayerMediaType(mediaType: string): boolean {
  return LAYER_MEDIA_TYPES.has(essenceOf(mediaType));
}

/** `UNSUPPORTED` for a media type that is not that of a layer. */
export function checkLayerMediaType(mediaType: string): void {
  if (!isLayerMediaType(mediaType)) {
    throw new StowageError('UNSUPPORTED', `unsupported media type ${mediaType}`);
  }
}

/** The media type of a layer that came without one. */
export function layerMediaTypeOf(format: CompressionFormat | undefined): string {
  if (format === 'gzip') return MEDIA_TYPES.ociLayerGzip;
  if (format === 'zstd') return MEDIA_TYPES.ociLayerZstd;
  return MEDIA_TYPES.ociLayer;
}
