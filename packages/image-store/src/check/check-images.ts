import { chainId } from '@stowage/core';
import { formatReference, isStowageError, MEDIA_TYPES } from '@stowage/types';
import type {
  AbortOptions,
  ChainID,
  CheckedItem,
  ContentReader,
  Descriptor,
  ImageID,
  ImageStore,
  Storage,
} from '@stowage/types';
import { ImageRecords } from '../image/image-records.ts';
import { LayoutIndex } from '../reference/layout-index.ts';
import type { NamedEntry } from '../reference/layout-index.ts';
import { openReferenceStore } from '../reference/reference-store.ts';

/** What the images and names of a storage are checked with. */
export interface CheckImagesDeps {
  readonly storage: Storage;
  readonly imageStore: ImageStore;
  /** The layers that are there and sound, as `checkLayers` of `@stowage/layer-store` finds them. */
  readonly layers: ReadonlySet<ChainID>;
}

/**
 * Examines every image of a storage, its configuration and whether its layers are there, and then every name: whether
 * what it names is there. Names that other tools wrote are examined too, and never dropped.
 *
 * @param deps the storage and the stores over it
 * @param options how to end early
 * @returns every image, every reference and every other entry of the index
 *
 * @example
 * ```ts
 * import { checkImages, openImageStore } from '@stowage/image-store';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * const imageStore = await openImageStore({ storage, layers });
 * await imageStore.create(new TextEncoder().encode('{"rootfs":{"type":"layers","diff_ids":[]}}'));
 * for await (const { kind, fault } of checkImages({ storage, imageStore, layers: new Set() })) {
 *   console.log(kind, fault); // image undefined
 * }
 * ```
 */
export async function* checkImages(
  deps: CheckImagesDeps,
  options: AbortOptions = {},
): AsyncGenerator<CheckedItem> {
  const { storage, imageStore } = deps;
  const sound = new Set<ImageID>();
  for (const id of await new ImageRecords(storage.metadata).ids(options)) {
    const fault = await imageFault(id, deps, options);
    if (fault === undefined) {
      sound.add(id);
      yield { kind: 'image', subject: id };
    } else {
      const drop = async (dropOptions?: AbortOptions): Promise<void> => {
        await imageStore.delete(id, dropOptions);
      };
      yield { kind: 'image', subject: id, fault, drop };
    }
  }
  yield* checkNames(storage, sound, options);
}

async function imageFault(
  id: ImageID,
  { storage, imageStore, layers }: CheckImagesDeps,
  options: AbortOptions,
): Promise<string | undefined> {
  try {
    const { config, pending } = await imageStore.get(id, options);
    if (pending !== undefined) return await firstFault(pending, storage.content, options);
    const { diff_ids: diffIds } = config.rootfs;
    const top = diffIds.length === 0 ? undefined : chainId(diffIds);
    return top === undefined || layers.has(top)
      ? undefined
      : `its layer ${top} is damaged, or not in the store`;
  } catch (error) {
    options.signal?.throwIfAborted();
    if (!isStowageError(error)) throw error;
    return error.message;
  }
}

async function firstFault(
  descriptors: readonly Descriptor[],
  content: ContentReader,
  options: AbortOptions,
): Promise<string | undefined> {
  for (const descriptor of descriptors) {
    const fault = await blobFault(descriptor, content, options);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

async function* checkNames(
  storage: Storage,
  sound: ReadonlySet<ImageID>,
  options: AbortOptions,
): AsyncGenerator<CheckedItem> {
  const index = await LayoutIndex.read(storage.metadata, options).catch((error: unknown) => {
    if (isStowageError(error, 'DATA_LOSS')) return error;
    throw error;
  });
  if (index instanceof Error) {
    yield { kind: 'index', subject: 'index.json', fault: index.message };
    return;
  }
  const references = await openReferenceStore({ storage }, options);
  for (const entry of index.names) {
    const fault = await nameFault(entry, storage.content, sound, options);
    const subject = formatReference(entry.reference);
    if (fault === undefined) yield { kind: 'reference', subject };
    else {
      const drop = async (dropOptions?: AbortOptions): Promise<void> => {
        await references.delete(entry.reference, dropOptions);
      };
      yield { kind: 'reference', subject, fault, drop };
    }
  }
  for (const entry of index.others) {
    const fault = await blobFault(entry, storage.content, options);
    yield { kind: 'index', subject: entry.digest, ...(fault === undefined ? {} : { fault }) };
  }
}

async function nameFault(
  { imageId, target }: NamedEntry,
  content: ContentReader,
  sound: ReadonlySet<ImageID>,
  options: AbortOptions,
): Promise<string | undefined> {
  // An artifact is no image: its manifest stands in place of one.
  const isArtifact = imageId === (target.digest as string) && target.mediaType === MEDIA_TYPES.ociManifest;
  if (!sound.has(imageId) && !isArtifact) return `its image ${imageId} is damaged, or not in the store`;
  return blobFault(target, content, options);
}

async function blobFault(
  { digest, size }: Descriptor,
  content: ContentReader,
  options: AbortOptions,
): Promise<string | undefined> {
  try {
    const info = await content.info(digest, options);
    return info.size === size
      ? undefined
      : `${digest} has ${String(info.size)} bytes, and should have ${String(size)}`;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return `${digest} is not in the store`;
    throw error;
  }
}
