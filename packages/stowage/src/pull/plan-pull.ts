import {
  fixManifestLayers,
  formatReference,
  isStowageError,
  MEDIA_TYPES,
  readSignedManifest,
  storedReference,
} from '@stowage/types';
import type {
  AbortOptions,
  ContentStore,
  Descriptor,
  Digest,
  Platform,
  Reference,
  Repository,
  SignedManifest,
} from '@stowage/types';
import { describeManifest } from './describe-manifest.ts';
import type { CachedManifest, ManifestTarget } from './manifest-cache.ts';
import { peekManifest } from './peek-manifest.ts';
import { selectManifest } from './select-manifest.ts';

/** One thing that a pull needs. */
export interface PlannedItem {
  readonly kind: 'index' | 'manifest' | 'config' | 'layer';
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes in all. */
  readonly size: number;
  /** Bytes of it that are in the store: all, those of a download that broke off, or none. */
  readonly local: number;
}

/** What a pull would do. */
export interface PullPlan {
  /** The full reference, for example `docker.io/library/busybox:latest`. */
  readonly reference: string;
  /** What the reference names now: a manifest, or the index that one was chosen from. */
  readonly digest: Digest;
  /** Everything that the pull needs, each once: manifests from the outside in, the configuration, layers base first. */
  readonly items: readonly PlannedItem[];
  /** Bytes that would come over the wire. */
  readonly bytes: number;
  /** Bytes that are here already. */
  readonly localBytes: number;
  /** How many requests would be sent where none has to be repeated; those for authentication are not counted. */
  readonly requests: number;
}

/**
 * Works out what a pull would bring in. Manifests that are not here are read from the registry, since nobody else knows
 * what they name; nothing is stored.
 *
 * @param remote the repository
 * @param content what is here
 * @param reference with a tag or a digest
 * @param platform what to choose from an index
 */
export async function planPull(
  remote: Repository,
  content: ContentStore,
  reference: Reference,
  platform: Platform,
  options: AbortOptions,
): Promise<PullPlan> {
  const local = await localBytes(content, options);
  const items: PlannedItem[] = [];
  const add = async (kind: PlannedItem['kind'], { digest, mediaType, size }: Descriptor): Promise<void> => {
    if (items.some((item) => item.digest === digest)) return;
    items.push({ kind, digest, mediaType, size, local: Math.min(size, await local(digest)) });
  };
  const cache = {
    async get(target: ManifestTarget): Promise<CachedManifest> {
      const found = await peekManifest(target, remote, content, options);
      await add(found.manifest.kind === 'index' ? 'index' : 'manifest', found.descriptor);
      return found;
    },
  };
  const { digest, tag = '' } = reference;
  const target = digest === undefined ? await describeManifest(remote, tag, options) : { digest };
  const found = await cache.get(target);
  const { manifest } = await selectManifest(found, platform, cache, options);
  if (manifest.kind === 'manifest') await add('config', manifest.config);
  const layers =
    manifest.kind === 'manifest' ? manifest.layers : await sizedLayers(manifest, remote, content, options);
  for (const layer of layers) await add('layer', layer);

  const sum = (count: (item: PlannedItem) => number): number =>
    items.reduce((total, item) => total + count(item), 0);
  const heads = digest === undefined ? 1 : 0;
  // Schema 1 does not say how large a layer is, so the registry is asked.
  const perLayer = manifest.kind === 'signed' ? 2 : 1;
  return {
    reference: formatReference(storedReference(reference)),
    digest: found.descriptor.digest,
    items,
    bytes: sum((item) => item.size - item.local),
    localBytes: sum((item) => item.local),
    requests:
      heads +
      sum((item) => {
        if (item.local === item.size) return 0;
        return item.kind === 'layer' ? perLayer : 1;
      }),
  };
}

async function sizedLayers(
  manifest: SignedManifest,
  remote: Repository,
  content: ContentStore,
  options: AbortOptions,
): Promise<readonly Descriptor[]> {
  const layers: Descriptor[] = [];
  for (const digest of readSignedManifest(fixManifestLayers(manifest)).layers) {
    const size =
      (await sizeHere(content, digest, options)) ?? (await remote.blobs.stat(digest, options)).size;
    layers.push({ mediaType: MEDIA_TYPES.dockerLayerGzip, digest, size });
  }
  return layers;
}

async function sizeHere(
  content: ContentStore,
  digest: Digest,
  options: AbortOptions,
): Promise<number | undefined> {
  try {
    return (await content.info(digest, options)).size;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Tells how much of a blob is here, downloads of layers that broke off included. */
async function localBytes(
  content: ContentStore,
  options: AbortOptions,
): Promise<(digest: Digest) => Promise<number>> {
  const partial = new Map<string, number>();
  for await (const { ref, offset } of content.ingests(options)) partial.set(ref, offset);
  return async (digest) => (await sizeHere(content, digest, options)) ?? partial.get(`layer-${digest}`) ?? 0;
}
