import { isStowageError, MEDIA_TYPES, parseManifest, parsePartialImageConfig } from '@stowage/types';
import type {
  AbortOptions,
  ContentReader,
  ContentStore,
  Descriptor,
  DiffID,
  ImageID,
  ImageManifest,
  Manifest,
  PushLayer,
} from '@stowage/types';
import { MAX_MANIFEST_BYTES } from '../pull/manifest-cache.ts';
import { isForeign, isStored, layerKind } from './layer-to-push.ts';
import type { LayerToPush, PushCompression } from './layer-to-push.ts';
import type { PlannedImage } from './push-plan.ts';
import { diffIdOf } from './push-target.ts';

const TYPES: readonly string[] = [
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifestList,
];
/** The largest configuration that is looked into, in bytes. */
const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/** A manifest or index of the store; `undefined` for one that is not there, and for other things. */
export async function readStored(
  { digest, mediaType }: Pick<Descriptor, 'digest' | 'mediaType'>,
  content: Pick<ContentReader, 'info' | 'read'>,
  options: AbortOptions,
): Promise<Manifest | undefined> {
  if (!TYPES.includes(mediaType) || !(await isStored({ digest }, content, options))) return undefined;
  return parseManifest(await content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES }), mediaType);
}

/** The manifest that an image came with. */
export async function readOwnManifest(
  target: Descriptor,
  imageId: ImageID,
  content: Pick<ContentReader, 'info' | 'read'>,
  options: AbortOptions,
): Promise<ImageManifest | undefined> {
  const manifest = await readStored(target, content, options);
  const isOwn = manifest?.kind === 'manifest' && manifest.config.digest === (imageId as string);
  return isOwn ? manifest : undefined;
}

/** Whether a manifest can go as it is: all of its blobs are here, compressed as wanted. */
export async function isUnchanged(
  { config, layers }: ImageManifest,
  compression: PushCompression | undefined,
  content: Pick<ContentReader, 'info'>,
  options: AbortOptions,
): Promise<boolean> {
  if (!(await isStored(config, content, options))) return false;
  for (const layer of layers) {
    if (isForeign(layer)) continue;
    const kind = compression ?? layerKind(layer.mediaType)?.compression;
    if (kind !== layerKind(layer.mediaType)?.compression) return false;
    if (!(await isStored(layer, content, options))) return false;
  }
  return true;
}

/**
 * An image that goes as it came: with the bytes of its manifest, its configuration and its layers.
 *
 * @param held its layers, where they are in a layer store
 */
export async function planStored(
  manifest: ImageManifest,
  content: ContentStore,
  options: AbortOptions,
  held: readonly PushLayer[] = [],
): Promise<PlannedImage> {
  const { config, layers, raw: bytes, mediaType } = manifest;
  const diffIds = await readDiffIds(manifest, content, options);
  return {
    layers: layers.map((blob, index) => storedLayer(blob, diffIds[index], content, held[index])),
    config,
    openConfig: (offset, opening) => content.open(config.digest, { ...opening, offset }),
    manifest: () => ({ bytes, mediaType }),
  };
}

function storedLayer(
  blob: Descriptor,
  diffId: DiffID | undefined,
  content: ContentStore,
  held: PushLayer | undefined,
): LayerToPush {
  return {
    diffId: diffIdOf(diffId, blob),
    blob,
    compression: 'gzip',
    mediaType: blob.mediaType,
    // Of an image that is not unpacked here nothing better is known.
    size: (sizing) => held?.size(sizing) ?? Promise.resolve(blob.size),
    open: (options) => content.open(blob.digest, options),
  };
}

/** The DiffIDs of an image; none of what is no image. */
async function readDiffIds(
  { config, layers }: ImageManifest,
  content: Pick<ContentReader, 'read'>,
  options: AbortOptions,
): Promise<readonly DiffID[]> {
  try {
    const bytes = await content.read(config.digest, { ...options, maxBytes: MAX_CONFIG_BYTES });
    const { diff_ids: diffIds = [] } = parsePartialImageConfig(bytes).rootfs ?? {};
    return diffIds.length === layers.length ? diffIds : [];
  } catch (error) {
    if (isStowageError(error, 'INVALID_MANIFEST') || isStowageError(error, 'LIMIT_EXCEEDED')) return [];
    throw error;
  }
}
