import { streamOf } from '@stowage/core';
import { layerIn } from '@stowage/image-store';
import { buildOciManifest, buildSchema2Manifest, MEDIA_TYPES } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ContentReader,
  Descriptor,
  ImageID,
  ImageManifest,
  PushLayer,
} from '@stowage/types';
import { freeLayer, layerKind } from './layer-to-push.ts';
import type { PushCompression } from './layer-to-push.ts';
import type { PlannedImage, PushDocument } from './push-plan.ts';

/** What a manifest is built of. */
export interface BuildInit {
  readonly imageId: ImageID;
  /** The configuration. */
  readonly bytes: Bytes;
  /** Base first. */
  readonly layers: readonly PushLayer[];
  readonly configMediaType: string;
  /** The manifest that the image came with: its kind and its annotations stay. */
  readonly own: ImageManifest | undefined;
  readonly compression: PushCompression | undefined;
}

/** An image that gets a new manifest: docker schema 2 or OCI, as its configuration is; OCI for layers that docker has no type for. */
export async function planBuilt(
  init: BuildInit,
  content: Pick<ContentReader, 'info'>,
  options: AbortOptions,
): Promise<PlannedImage> {
  const { imageId, bytes, layers, own, configMediaType, compression } = init;
  const planned = [];
  for (const layer of layers) planned.push(await freeLayer(layer, content, compression, options));
  // All that may come out is known before anything is sent, but for layers that a registry has.
  const isOci =
    own?.mediaType === MEDIA_TYPES.ociManifest ||
    configMediaType === MEDIA_TYPES.ociConfig ||
    planned.some((layer) => isZstd(layer.blob?.mediaType) || (!layer.blob && layer.compression === 'zstd'));
  const mediaType = isOci ? MEDIA_TYPES.ociConfig : configMediaType;
  const config: Descriptor = { mediaType, digest: imageId, size: bytes.byteLength };
  return {
    layers: planned,
    config,
    openConfig: (offset) => Promise.resolve(streamOf(bytes.subarray(offset))),
    manifest: (blobs) => (isOci ? ociManifest(config, blobs, own) : schema2Manifest(config, blobs)),
  };
}

function isZstd(mediaType: string | undefined): boolean {
  return mediaType !== undefined && layerKind(mediaType)?.compression === 'zstd';
}

function ociManifest(
  config: Descriptor,
  blobs: readonly Descriptor[],
  own: ImageManifest | undefined,
): PushDocument {
  const { annotations, subject, artifactType } = own ?? {};
  const layers = blobs.map((blob) => layerIn('oci', blob));
  const bytes = buildOciManifest({ config, layers, annotations, subject, artifactType });
  return { bytes, mediaType: MEDIA_TYPES.ociManifest };
}

function schema2Manifest(config: Descriptor, blobs: readonly Descriptor[]): PushDocument {
  const bytes = buildSchema2Manifest({ config, layers: blobs.map((blob) => layerIn('docker', blob)) });
  return { bytes, mediaType: MEDIA_TYPES.dockerManifest };
}
