import { familiarString, isStowageError, normalizePlatform, parseManifest } from '@stowage/types';
import type {
  AbortOptions,
  ChainID,
  ContentStore,
  Digest,
  DiffID,
  History,
  Image,
  ImageConfig,
  ImageID,
  ImageStore,
  Layer,
  LayerStore,
  Platform,
  ReferenceAssociation,
  ReferenceStore,
  RootFS,
} from '@stowage/types';
import { withImageLayers } from './image-layers.ts';
import { MAX_MANIFEST_BYTES } from './pull/manifest-cache.ts';

/** An image in a list. */
export interface ImageSummary {
  readonly id: ImageID;
  /** Its tags as people write them, sorted. */
  readonly references: readonly string[];
  /** The digests that it was pulled by, as `name@digest`, sorted. */
  readonly digests: readonly string[];
  /** When it was built, RFC 3339, where its configuration says so. */
  readonly created?: string;
  /** Uncompressed bytes of all layers; of the blobs as they are stored where `pending`. */
  readonly size: number;
  /** Present for an image that was pulled by its digests only and has not been used since: no layer was inflated yet. */
  readonly pending?: true;
}

/** A layer of an inspected image. */
export interface InspectedLayer {
  /** The stored blob. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the stored blob. */
  readonly size: number;
  readonly diffId: DiffID;
  readonly chainId: ChainID;
  /** Uncompressed bytes. */
  readonly diffSize: number;
}

/** All that is known of an image. */
export interface ImageInspect extends ImageSummary {
  /** The media type of its manifest; empty where the store has none for it. */
  readonly mediaType: string;
  readonly platform: Platform;
  readonly config: NonNullable<ImageConfig['config']>;
  readonly history: readonly History[];
  readonly rootfs: RootFS;
  /** Base layer first. */
  readonly layers: readonly InspectedLayer[];
}

/** What an inspection reads. */
export interface InspectDeps {
  readonly content: ContentStore;
  readonly imageStore: ImageStore;
  readonly layers: LayerStore;
  readonly references: ReferenceStore;
}

/** Every image of the store, the latest pulled or tagged first. */
export async function listImages(deps: InspectDeps, options?: AbortOptions): Promise<ImageSummary[]> {
  const { imageStore, references } = deps;
  const images = [...(await imageStore.map(options)).values()];
  const names = groupByImage(await references.all(options));
  images.sort((a, b) => (b.lastUpdated ?? 0) - (a.lastUpdated ?? 0) || (a.id < b.id ? -1 : 1));
  const summaries: ImageSummary[] = [];
  for (const image of images) {
    summaries.push({
      ...summarize(image, names.get(image.id) ?? []),
      ...(await sizeOf(image, deps, options)),
    });
  }
  return summaries;
}

/** How large an image is. That a list is asked for is no reason to inflate what nobody has used yet. */
async function sizeOf(
  image: Image,
  deps: InspectDeps,
  options?: AbortOptions,
): Promise<Pick<ImageSummary, 'size' | 'pending'>> {
  if (image.pending !== undefined) {
    return { size: image.pending.reduce((sum, { size }) => sum + size, 0), pending: true };
  }
  const ofTop = (stack: readonly Layer[]): Promise<number> => Promise.resolve(stack.at(-1)?.size ?? 0);
  return { size: await withImageLayers(image, deps, ofTop, options) };
}

/** All that is known of one image. */
export async function inspectImage(
  image: Image,
  deps: InspectDeps,
  options?: AbortOptions,
): Promise<ImageInspect> {
  const { content, references } = deps;
  const associations = await references.references(image.id, options);
  const { config, history = [], rootfs, os = 'linux', architecture = '', variant } = image.config;
  return withImageLayers(
    image,
    deps,
    async (stack) => ({
      ...summarize(image, associations),
      size: stack.at(-1)?.size ?? 0,
      mediaType: await manifestType(associations, content, options),
      platform: normalizePlatform({ os, architecture, ...(variant === undefined ? {} : { variant }) }),
      config: config ?? {},
      history,
      rootfs,
      layers: stack.map(({ descriptor: { digest, mediaType, size }, diffId, chainId, diffSize }) => ({
        digest,
        mediaType,
        size,
        diffId,
        chainId,
        diffSize,
      })),
    }),
    options,
  );
}

function groupByImage(all: readonly ReferenceAssociation[]): ReadonlyMap<ImageID, ReferenceAssociation[]> {
  const groups = new Map<ImageID, ReferenceAssociation[]>();
  for (const association of all) {
    const group = groups.get(association.imageId);
    if (group === undefined) groups.set(association.imageId, [association]);
    else group.push(association);
  }
  return groups;
}

function summarize(image: Image, names: readonly ReferenceAssociation[]): Omit<ImageSummary, 'size'> {
  const isPinned = ({ reference }: ReferenceAssociation): boolean => reference.digest !== undefined;
  const { created } = image.config;
  return {
    id: image.id,
    references: names.filter((name) => !isPinned(name)).map(({ reference }) => familiarString(reference)),
    digests: names.filter(isPinned).map(({ reference }) => familiarString(reference)),
    ...(created === undefined ? {} : { created }),
  };
}

/** The media type of the manifest that a name of the image leads to; an index leads to none in particular. */
async function manifestType(
  names: readonly ReferenceAssociation[],
  content: ContentStore,
  options?: AbortOptions,
): Promise<string> {
  for (const { target } of names) {
    try {
      const bytes = await content.read(target.digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
      const manifest = parseManifest(bytes, target.mediaType);
      if (manifest.kind === 'manifest') return manifest.mediaType;
    } catch (error) {
      // A name may lead to something that is no manifest, or to one that is not kept here.
      if (!isStowageError(error)) throw error;
    }
  }
  return '';
}
