import { MEDIA_TYPES, parseManifest, parseSignedManifest, StowageError } from '@stowage/types';
import type { Descriptor, Digest, FetchedManifest, ImageIndex } from '@stowage/types';
import { isSchema1 } from '../pull/manifest-cache.ts';

/** A blob that a manifest names. */
export interface NamedBlob extends Pick<Descriptor, 'digest' | 'mediaType' | 'urls'> {
  /** Bytes; manifests of schema 1 do not tell. */
  readonly size: number | undefined;
}

/** A manifest as it came, and what it names. */
export interface SourceManifest extends FetchedManifest {
  /** Set for an index. */
  readonly index: ImageIndex | undefined;
  readonly blobs: readonly NamedBlob[];
  readonly subject: Digest | undefined;
}

const IMAGES: readonly string[] = [MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerManifest];
const INDEXES: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList];

/** Whether a media type is that of an index. */
export function isIndex(mediaType: string): boolean {
  return INDEXES.includes(mediaType);
}

/**
 * Finds out what a manifest names.
 *
 * @throws `UNSUPPORTED` for a type of which that is not known: a part of it would be lost; `INVALID_MANIFEST`
 */
export function readSourceManifest({ descriptor, bytes }: FetchedManifest): SourceManifest {
  const { mediaType, digest } = descriptor;
  if (isSchema1(mediaType)) {
    const { fsLayers } = parseSignedManifest(bytes, { allowUnsigned: true });
    const blobs = fsLayers.map(({ blobSum }) => ({
      digest: blobSum,
      mediaType: MEDIA_TYPES.dockerLayerGzip,
      size: undefined,
    }));
    return { descriptor, bytes, index: undefined, blobs, subject: undefined };
  }
  if (!IMAGES.includes(mediaType) && !isIndex(mediaType)) {
    const message = `cannot copy ${digest}: what manifests of type ${mediaType} name is not known`;
    throw new StowageError('UNSUPPORTED', message);
  }
  const manifest = parseManifest(bytes, mediaType);
  const subject = manifest.subject?.digest;
  return manifest.kind === 'index'
    ? { descriptor, bytes, index: manifest, blobs: [], subject }
    : { descriptor, bytes, index: undefined, blobs: [manifest.config, ...manifest.layers], subject };
}
