import { chainId, streamFrom } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  Image,
  ImageEventLogger,
  ImageID,
  ImageStore,
  Layer,
  LayerStore,
  LeaseManager,
  ReferenceStore,
  Storage,
} from '@stowage/types';
import { registerPendingLayers } from '../image/pending-layers.ts';
import { writeEntries } from './archive-entries.ts';
import type { ArchiveEntry } from './archive-entries.ts';
import { planDockerV1 } from './save-docker-v1.ts';
import { planDocker } from './save-docker.ts';
import { planLayout } from './save-layout.ts';
import type { SavedImage } from './saved-image.ts';
import { selectImages } from './select-images.ts';
import type { SelectedImage } from './select-images.ts';

/** Where the images of an archive come from. */
export interface SaveArchiveDeps {
  /** Where blobs are. */
  readonly storage: Pick<Storage, 'content'>;
  readonly layers: Pick<LayerStore, 'get' | 'registerBlob' | 'release'>;
  readonly imageStore: Pick<ImageStore, 'create' | 'get' | 'getParent' | 'search'>;
  readonly references: Pick<ReferenceStore, 'find' | 'referencesByName'>;
  /** Keeps the images from being collected by somebody else while they are read. */
  readonly leases?: LeaseManager | undefined;
  /** Told of every image, `(id, id, 'save')`. Nobody is when left out. */
  readonly imageEventLogger?: ImageEventLogger | undefined;
}

/** How images are saved. */
export interface SaveArchiveOptions extends AbortOptions {
  /**
   * `docker`: what `docker save` has written since docker 25, which docker of any age and tools for OCI layouts read;
   * `docker-v1`: what docker 20.10 wrote; `oci`: an OCI image layout, its layers compressed as they are stored. Default
   * `docker`.
   */
  readonly format?: ArchiveFormat | undefined;
}

/** A form of archive. */
export type ArchiveFormat = 'docker' | 'docker-v1' | 'oci';

/**
 * Saves images as an archive. Nothing is read before the stream is, and no more than what is asked for; the images are
 * held until it ends or is cancelled. The same images give the same bytes.
 *
 * The stream fails with `NOT_FOUND` and `AMBIGUOUS` where there is no such image, with `DATA_LOSS` where a layer is not
 * what it was, and with `UNSUPPORTED` where an image without layers is saved as `docker-v1`.
 *
 * @param refs names, with or without tags, and IDs; a name alone stands for all its tags, an ID for the image without a
 *   name
 * @param deps where images come from
 * @param options the form
 * @throws `INVALID_ARGUMENT` where there is nothing to save, or no such form
 *
 * @example
 * ```ts
 * import { readTar } from '@stowage/core';
 * import { openImageStore, openReferenceStore, saveArchive } from '@stowage/image-store';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * const imageStore = await openImageStore({ storage, layers });
 * const references = await openReferenceStore({ storage });
 * const config = new TextEncoder().encode('{"os":"linux","rootfs":{"type":"layers","diff_ids":[]}}');
 * const id = await imageStore.create(config);
 * const archive = saveArchive([id], { storage, layers, imageStore, references }, { format: 'oci' });
 * for await (const { header } of archive.pipeThrough(readTar())) console.log(header.name); // blobs/ ... oci-layout
 * ```
 */
export function saveArchive(
  refs: readonly string[],
  deps: SaveArchiveDeps,
  options: SaveArchiveOptions = {},
): ByteStream {
  const { format = 'docker' } = options;
  if (refs.length === 0) throw new StowageError('INVALID_ARGUMENT', 'no image to save');
  if (!FORMATS.includes(format)) {
    throw new StowageError('INVALID_ARGUMENT', `unknown format of an archive: ${JSON.stringify(format)}`);
  }
  return streamFrom(save(refs, deps, { ...options, format }));
}

const FORMATS: readonly string[] = ['docker', 'docker-v1', 'oci'] satisfies ArchiveFormat[];

async function* save(
  refs: readonly string[],
  deps: SaveArchiveDeps,
  { format, signal }: { readonly format: ArchiveFormat } & AbortOptions,
): AsyncGenerator<Bytes, void, undefined> {
  const options = { signal };
  signal?.throwIfAborted();
  const lease = await deps.leases?.create(options);
  const holds: Layer[] = [];
  try {
    const images = await holdImages(await selectImages(refs, deps, options), deps, holds, options);
    const targets = images.flatMap((saved) => [
      saved.image.id,
      ...saved.targets.map(({ digest }) => digest),
      ...saved.layers.map(({ descriptor }) => descriptor.digest),
    ]);
    await lease?.add(targets, options);
    yield* writeEntries(await planOf(images, format, deps, options), options);
    for (const { image } of images) deps.imageEventLogger?.(image.id, image.id, 'save');
  } finally {
    for (const layer of holds) await deps.layers.release(layer);
    await lease?.release();
  }
}

function planOf(
  images: readonly SavedImage[],
  format: ArchiveFormat,
  { storage }: SaveArchiveDeps,
  options: AbortOptions,
): Promise<ArchiveEntry[]> {
  if (format === 'oci') return planLayout(images, storage.content, options);
  return format === 'docker' ? planDocker(images) : planDockerV1(images);
}

/** Takes hold of the layers of all images. */
async function holdImages(
  selected: readonly SelectedImage[],
  { imageStore, layers }: SaveArchiveDeps,
  holds: Layer[],
  options: AbortOptions,
): Promise<SavedImage[]> {
  const ids = new Set<ImageID>(selected.map(({ id }) => id));
  const images: SavedImage[] = [];
  for (const { id, tags, targets } of selected) {
    const image: Image = await imageStore.get(id, options);
    await registerPendingLayers(image, { imageStore, layers }, options);
    const diffIds = image.config.rootfs.diff_ids;
    const stack: Layer[] = [];
    if (diffIds.length > 0) {
      const top = await layers.get(chainId(diffIds), options);
      holds.push(top);
      for (let layer: Layer | undefined = top; layer !== undefined; layer = layer.parent)
        stack.unshift(layer);
    }
    const parent = await imageStore.getParent(id, options);
    const isSaved = parent !== undefined && ids.has(parent);
    images.push({ image, layers: stack, tags, targets, parent: isSaved ? parent : undefined });
  }
  return images;
}
