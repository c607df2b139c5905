import { gzip, zstd } from '@stowage/core';
import { layerTypeOf } from '@stowage/image-store';
import type { LayerCompression } from '@stowage/image-store';
import { isStowageError, MEDIA_TYPES, StowageError } from '@stowage/types';
import type { AbortOptions, ByteStream, ContentReader, Descriptor, DiffID, PushLayer } from '@stowage/types';

/** How layers can be compressed on their way. */
export type PushCompression = 'gzip' | 'zstd';

/** A layer as a push sees it. */
export interface LayerToPush {
  readonly diffId: DiffID;
  /** The blob that it has to be, in the content store. Absent where it becomes one on its way. */
  readonly blob?: Descriptor | undefined;
  /** How it is compressed then. */
  readonly compression: PushCompression;
  /** What `open` gives. */
  readonly mediaType: string;
  /** Uncompressed bytes. */
  size(options?: AbortOptions): Promise<number>;
  /** The content. */
  open(options?: AbortOptions): Promise<ByteStream>;
}

/** How a type of layers is compressed, and whether registries need not have it; `undefined` for unknown types. */
export function layerKind(mediaType: string): ReturnType<typeof layerTypeOf> | undefined {
  try {
    return layerTypeOf(mediaType);
  } catch (error) {
    if (isStowageError(error, 'UNSUPPORTED')) return undefined;
    throw error;
  }
}

/** Whether registries need not have a layer: it is at the URLs that its descriptor names. */
export function isForeign({ mediaType, urls = [] }: Descriptor): boolean {
  return urls.length > 0 || layerKind(mediaType)?.foreign === true;
}

/**
 * A layer that has no blob yet that it must be: it goes as the blob that it came as where that is compressed as wanted,
 * and is compressed on its way else.
 *
 * @param wanted how it is to be compressed. Default: as it is; gzip for what is not
 */
export async function freeLayer(
  layer: PushLayer,
  content: Pick<ContentReader, 'info'>,
  wanted: PushCompression | undefined,
  options: AbortOptions,
): Promise<LayerToPush> {
  const descriptor = layer.descriptor?.();
  const blob = descriptor !== undefined && (await mayStay(descriptor, content, wanted, options));
  return {
    diffId: layer.diffId,
    blob: blob ? descriptor : undefined,
    compression: wanted ?? 'gzip',
    mediaType: layer.mediaType(),
    size: (sizing) => layer.size(sizing),
    open: (opening) => layer.open(opening),
  };
}

async function mayStay(
  descriptor: Descriptor,
  content: Pick<ContentReader, 'info'>,
  wanted: PushCompression | undefined,
  options: AbortOptions,
): Promise<boolean> {
  if (isForeign(descriptor)) return true;
  const compression = layerKind(descriptor.mediaType)?.compression ?? 'none';
  if (compression === 'none' || compression !== (wanted ?? compression)) return false;
  return await isStored(descriptor, content, options);
}

/** Whether a blob is in the store. */
export async function isStored(
  { digest }: Pick<Descriptor, 'digest'>,
  content: Pick<ContentReader, 'info'>,
  options: AbortOptions,
): Promise<boolean> {
  try {
    await content.info(digest, options);
    return true;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}

/** What a layer becomes that is compressed on its way. */
export function sentType(compression: LayerCompression): string {
  return compression === 'zstd' ? MEDIA_TYPES.ociLayerZstd : MEDIA_TYPES.dockerLayerGzip;
}

/**
 * The bytes to send of a layer that becomes a blob on its way. What comes as gzip stays as it is.
 *
 * @throws `UNSUPPORTED` for content that can be neither compressed nor sent, in moby's words
 */
export function compressLayer(
  stream: ByteStream,
  { mediaType, compression }: Pick<LayerToPush, 'mediaType' | 'compression'>,
  { signal }: AbortOptions,
): ByteStream {
  const kind = layerKind(mediaType)?.compression;
  if (kind === compression) return stream;
  if (kind === 'none') return stream.pipeThrough(compression === 'zstd' ? zstd() : gzip({ signal }));
  throw new StowageError('UNSUPPORTED', `unsupported layer media type ${mediaType}`);
}
