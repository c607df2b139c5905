import { buildSeekIndex, findToc, openSeekableLayer, openTocLayer } from '@stowage/layer-store';
import type { TocLayerInit } from '@stowage/layer-store';
import { isStowageError } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  Digest,
  DiffID,
  ErrorCode,
  LayerReader,
  MetadataStore,
  Repository,
} from '@stowage/types';
import { foundIndex, keepIndex, keptIndex, madeIndex } from './kept-indexes.ts';
import type { IndexPlace } from './kept-indexes.ts';
import { readReferredIndex } from './referred-index.ts';
import { findReferredTables } from './referred-tables.ts';
import type { ReferredTables } from './referred-tables.ts';
import { unlessRefused } from './unless-refused.ts';

/** What a table of contents in a layer fails with that is of no use; the layer itself may be all right. */
const USELESS: readonly ErrorCode[] = ['INVALID_ARCHIVE', 'LIMIT_EXCEEDED', 'UNSUPPORTED'];

/** The layers of one image, and how they are read. */
export interface RemoteLayersInit {
  readonly remote: Repository;
  /** Its full name, with that of the registry. */
  readonly repository: string;
  /** The digest of the image's manifest. */
  readonly image: Digest;
  /** Keeps indexes. */
  readonly metadata: MetadataStore;
  /** Whether what others have pushed beside the image is used. */
  readonly referrers: boolean;
}

/** Opens a layer where it is. */
export type OpenRemoteLayer = (
  layer: Descriptor,
  diffId: DiffID,
  options: AbortOptions,
) => Promise<LayerReader>;

/** A layer to be opened. */
type Layer = Pick<TocLayerInit, 'content' | 'descriptor'> & { readonly diffId: DiffID };

/**
 * Opens layers of one image in their registry, each by the first of these: an index that is kept; a table of contents in
 * the layer that the manifest vouches for (eStargz, zstd:chunked); a seek index that refers to the image; a table of SOCI's
 * that does. Where there is none, the layer is streamed once, and its index is kept.
 */
export function createRemoteLayers(init: RemoteLayersInit): OpenRemoteLayer {
  const { remote, repository, image, metadata, referrers } = init;
  let tables: Promise<ReferredTables> | undefined;
  const open: OpenRemoteLayer = async (descriptor, diffId, options) => {
    const layer: Layer = { content: remote.blobs, descriptor, diffId };
    const made = madeIndex(descriptor.digest);
    const found = await foundIndex(descriptor.digest, repository);
    for (const place of referrers ? [made, found] : [made]) {
      const kept = await openKept(layer, place, metadata, options);
      if (kept !== undefined) return kept;
    }

    const toc = await unlessUseless(findToc(layer.content, descriptor, options));
    const inside = toc && (await unlessUseless(openVerified({ ...layer, toc }, options)));
    if (inside !== undefined) return inside;

    if (referrers) {
      tables ??= findReferredTables(remote, image, options);
      const beside = await openReferred(layer, await tables, init, found, options);
      if (beside !== undefined) return beside;
    }

    const index = await buildSeekIndex(layer, options);
    await keepIndex(metadata, made, index, options);
    return openSeekableLayer({ ...layer, index });
  };
  // An image may have a layer twice.
  const opened = new Map<string, Promise<LayerReader>>();
  return (descriptor, diffId, options) => {
    const key = `${descriptor.digest} ${diffId}`;
    const opening = opened.get(key) ?? open(descriptor, diffId, options);
    opened.set(key, opening);
    return opening;
  };
}

async function openKept(
  layer: Layer,
  place: IndexPlace,
  metadata: MetadataStore,
  options: AbortOptions,
): Promise<LayerReader | undefined> {
  const index = await keptIndex(metadata, place, options);
  return index && (await unlessRefused(openSeekableLayer({ ...layer, index }), options));
}

/** By what somebody has pushed beside the image. Whatever is wrong with it, the layer may be all right. */
async function openReferred(
  layer: Layer,
  { indexes, ztocs }: ReferredTables,
  { remote, metadata }: RemoteLayersInit,
  found: IndexPlace,
  options: AbortOptions,
): Promise<LayerReader | undefined> {
  const { digest } = layer.descriptor;
  for (const table of indexes.get(digest) ?? []) {
    const read = await unlessRefused(
      readReferredIndex(remote.blobs, table, layer.descriptor, options),
      options,
    );
    const opened = read && (await unlessRefused(openSeekableLayer({ ...layer, index: read.index }), options));
    if (read === undefined || opened === undefined) continue;
    await keepIndex(metadata, found, read.bytes, options);
    return opened;
  }
  for (const ztoc of ztocs.get(digest) ?? []) {
    const opened = await unlessRefused(openVerified({ ...layer, ztoc }, options), options);
    if (opened !== undefined) return opened;
  }
  return undefined;
}

/** A table that nobody vouches for could show other files than the layer has. */
async function openVerified(init: TocLayerInit, options: AbortOptions): Promise<LayerReader | undefined> {
  const layer = await openTocLayer(init, options);
  return layer.verified ? layer : undefined;
}

async function unlessUseless<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (USELESS.some((code) => isStowageError(error, code))) return undefined;
    throw error;
  }
}
