/**
 * The media types of documents and layers, from the OCI image specification and from docker's schema 2.
 *
 * @example
 * ```ts
 * import { MEDIA_TYPES } from '@stowage/types';
 *
 * console.log(MEDIA_TYPES.ociManifest); // application/vnd.oci.image.manifest.v1+json
 * ```
 */
export const MEDIA_TYPES = {
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
  ociConfig: 'application/vnd.oci.image.config.v1+json',
  ociLayer: 'application/vnd.oci.image.layer.v1.tar',
  ociLayerGzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  ociLayerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
  ociEmpty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerManifestList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerSchema1: 'application/vnd.docker.distribution.manifest.v1+json',
  dockerSchema1Signed: 'application/vnd.docker.distribution.manifest.v1+prettyjws',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar',
  dockerLayerGzip: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  dockerForeignLayerGzip: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip',
  octetStream: 'application/octet-stream',
} as const;

/** A media type of {@link MEDIA_TYPES}. */
export type KnownMediaType = (typeof MEDIA_TYPES)[keyof typeof MEDIA_TYPES];

/** The types of layers that may not be distributed freely. */
const NONDISTRIBUTABLE =
  /^application\/vnd\.(?:docker\.image\.rootfs\.foreign|oci\.image\.layer\.nondistributable)\./;

/**
 * Whether a media type is that of layers which registries need not have: they are fetched from elsewhere (image-spec,
 * "Non-Distributable Layers").
 *
 * @param mediaType of OCI's or docker's, however the layer is compressed
 *
 * @example
 * ```ts
 * import { isNondistributable, MEDIA_TYPES } from '@stowage/types';
 *
 * console.log(isNondistributable(MEDIA_TYPES.dockerForeignLayerGzip)); // true
 * console.log(isNondistributable(MEDIA_TYPES.dockerLayerGzip)); // false
 * ```
 */
export function isNondistributable(mediaType: string): boolean {
  return NONDISTRIBUTABLE.test(mediaType);
}

/**
 * Cuts parameters off a `Content-Type` and lower-cases it: the form in which media types are compared.
 *
 * @param contentType a media type, possibly with parameters (`; charset=utf-8`)
 *
 * @example
 * ```ts
 * import { essenceOf } from '@stowage/types';
 *
 * console.log(essenceOf('Application/JSON; charset=utf-8')); // application/json
 * ```
 */
export function essenceOf(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}
