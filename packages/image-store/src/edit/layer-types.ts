import { essenceOf, MEDIA_TYPES, StowageError } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import type { ImageFormat } from './editable-image.ts';

/** How a layer is compressed, as its type says. */
export type LayerCompression = 'none' | 'gzip' | 'zstd';

/** What the media type of a layer says. */
export interface LayerType {
  readonly compression: LayerCompression;
  /** Whether registries need not have it: it is at the URLs of its descriptor. */
  readonly foreign: boolean;
}

const FOREIGN = 'application/vnd.oci.image.layer.nondistributable.v1.tar';

/** Every type of layer: what it is, and what it is called in OCI's manifests and in docker's. */
const TYPES: readonly (LayerType & { readonly oci: string; readonly docker?: string })[] = [
  { compression: 'none', foreign: false, oci: MEDIA_TYPES.ociLayer, docker: MEDIA_TYPES.dockerLayer },
  { compression: 'gzip', foreign: false, oci: MEDIA_TYPES.ociLayerGzip, docker: MEDIA_TYPES.dockerLayerGzip },
  { compression: 'zstd', foreign: false, oci: MEDIA_TYPES.ociLayerZstd },
  { compression: 'none', foreign: true, oci: FOREIGN },
  { compression: 'gzip', foreign: true, oci: `${FOREIGN}+gzip`, docker: MEDIA_TYPES.dockerForeignLayerGzip },
  { compression: 'zstd', foreign: true, oci: `${FOREIGN}+zstd` },
];

/**
 * What the media type of a layer says of it.
 *
 * @param mediaType of OCI's or docker's
 * @throws `UNSUPPORTED` for types of anything else
 *
 * @example
 * ```ts
 * import { layerTypeOf } from '@stowage/image-store';
 *
 * console.log(layerTypeOf('application/vnd.oci.image.layer.v1.tar+zstd').compression); // zstd
 * ```
 */
export function layerTypeOf(mediaType: string): LayerType {
  const named = essenceOf(mediaType);
  const found = TYPES.find(({ oci, docker }) => oci === named || docker === named);
  if (found === undefined) throw unsupported(mediaType);
  return found;
}

/** The type of such a layer in a manifest of a format. `UNSUPPORTED` where docker has none. */
export function layerMediaType({ compression, foreign }: LayerType, format: ImageFormat): string {
  const found = TYPES.find((type) => type.compression === compression && type.foreign === foreign);
  const mediaType = found?.[format];
  if (mediaType !== undefined) return mediaType;
  throw new StowageError(
    'UNSUPPORTED',
    `docker's manifests have no type for ${foreign ? 'foreign ' : ''}layers with compression ${compression}`,
  );
}

/**
 * A layer as it stands in a manifest of a format.
 *
 * @param format of the manifest
 * @param layer the layer, with a type of either format
 * @throws `UNSUPPORTED` where the format has no type for such layers
 *
 * @example
 * ```ts
 * import { layerIn } from '@stowage/image-store';
 * import { asDigest, MEDIA_TYPES } from '@stowage/types';
 *
 * const layer = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: asDigest('sha256:' + '0'.repeat(64)), size: 32 };
 * console.log(layerIn('docker', layer).mediaType); // application/vnd.docker.image.rootfs.diff.tar.gzip
 * ```
 */
export function layerIn(format: ImageFormat, layer: Descriptor): Descriptor {
  const mediaType = layerMediaType(layerTypeOf(layer.mediaType), format);
  return mediaType === layer.mediaType ? layer : { ...layer, mediaType };
}

function unsupported(mediaType: string): StowageError {
  return new StowageError('UNSUPPORTED', `unsupported media type ${mediaType}`);
}
