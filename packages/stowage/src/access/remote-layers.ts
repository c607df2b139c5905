import { buildSeekIndex, findToc, openSeekableLayer, openTocLayer } from '@stowage/layer-store';
import type { TocLayerInit } from '@stowage/layer-store';
import { digestKey, isStowageError, parseManifest } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Descriptor,
  Digest,
  DiffID,
  ErrorCode,
  LayerReader,
  MetadataStore,
  Repository,
} from '@stowage/types';

/** Where the seek indexes of layers are kept that stay in their registries, by the digests of their blobs. */
const INDEXES = 'remote-seek';

const SOCI_INDEX = 'application/vnd.amazon.soci.index.v1+json';
/** Which layer a ztoc is of, in an index of SOCI's. */
const SOCI_LAYER = 'com.amazon.soci.image-layer-digest';

/** What an index or a table of contents fails with that is of no use; the layer itself may be all right. */
const USELESS: readonly ErrorCode[] = ['INVALID_ARCHIVE', 'LIMIT_EXCEEDED', 'UNSUPPORTED'];

/** Opens a layer where it is. */
export type OpenRemoteLayer = (
  layer: Descriptor,
  diffId: DiffID,
  options: AbortOptions,
) => Promise<LayerReader>;

/**
 * Opens layers of one image in their registry: by an index that was made before, else by a table of contents that the
 * manifest vouches for, in the layer (eStargz, zstd:chunked) or beside it (SOCI). Where there is none, the layer is
 * streamed once, and its index is kept.
 *
 * @param remote the repository
 * @param image the digest of its manifest
 * @param metadata keeps indexes
 */
export function createRemoteLayers(
  remote: Repository,
  image: Digest,
  metadata: MetadataStore,
): OpenRemoteLayer {
  const { blobs: content } = remote;
  let ztocs: Promise<ReadonlyMap<string, Descriptor>> | undefined;
  return async (descriptor, diffId, options) => {
    const { digest } = descriptor;
    const kept = await metadata.get(INDEXES, digestKey(digest), options);
    const known =
      kept && (await unlessUseless(openSeekableLayer({ content, descriptor, diffId, index: kept })));
    if (known !== undefined) return known;

    const toc = await unlessUseless(findToc(content, descriptor, options));
    const inside = toc && (await openVerified({ content, descriptor, diffId, toc }, options));
    if (inside !== undefined) return inside;

    ztocs ??= findZtocs(remote, image, options);
    const ztoc = (await ztocs).get(digest);
    const beside = ztoc && (await openVerified({ content, descriptor, diffId, ztoc }, options));
    if (beside !== undefined) return beside;

    const index: Bytes = await buildSeekIndex({ content, descriptor, diffId }, options);
    // It can be made again.
    await metadata.set(INDEXES, digestKey(digest), index, { ...options, durable: false });
    return openSeekableLayer({ content, descriptor, diffId, index });
  };
}

/** Forgets the indexes of layers that are in no store. */
export async function forgetRemoteIndexes(metadata: MetadataStore, options: AbortOptions): Promise<void> {
  for await (const key of metadata.keys(INDEXES, options)) {
    await metadata.delete(INDEXES, key, { ...options, durable: false });
  }
}

/** A table that nobody vouches for could show other files than the layer has. */
async function openVerified(init: TocLayerInit, options: AbortOptions): Promise<LayerReader | undefined> {
  const layer = await unlessUseless(openTocLayer(init, options));
  return layer?.verified === true ? layer : undefined;
}

async function unlessUseless<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (USELESS.some((code) => isStowageError(error, code))) return undefined;
    throw error;
  }
}

/** The tables of contents that SOCI has made of the layers of an image, by the digests of the layers. */
async function findZtocs(
  { referrers, manifests }: Pick<Repository, 'referrers' | 'manifests'>,
  image: Digest,
  options: AbortOptions,
): Promise<ReadonlyMap<string, Descriptor>> {
  const found = new Map<string, Descriptor>();
  for await (const { digest } of referrers(image, { ...options, artifactType: SOCI_INDEX })) {
    const { bytes, descriptor } = await manifests.get(digest, options);
    const manifest = parseManifest(bytes, descriptor.mediaType);
    if (manifest.kind !== 'manifest') continue;
    for (const layer of manifest.layers) {
      const of = layer.annotations?.[SOCI_LAYER];
      if (of !== undefined) found.set(of, layer);
    }
  }
  return found;
}
