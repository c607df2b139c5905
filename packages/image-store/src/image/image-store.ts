import { chainId, digestBytes, withLock } from '@stowage/core';
import { createDigestSet, isStowageError, parseImageConfig, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  CreateImageOptions,
  Descriptor,
  Image,
  ImageConfig,
  ImageID,
  ImageStore,
  Layer,
  LayerMetadata,
  LayerStore,
  Storage,
} from '@stowage/types';
import { MAX_CONFIG_BYTES, readConfig, storeConfig } from '../content/image-config.ts';
import { ImageRecords, isTime } from './image-records.ts';
import type { ImageRecord } from './image-records.ts';

const LOCK = 'images';
/** How many images are read at a time: each is an open file. */
const READ_AT_ONCE = 32;
/** What is wrong with an image whose configuration or record cannot be used. */
const UNREADABLE = ['DATA_LOSS', 'INVALID_MANIFEST', 'LIMIT_EXCEEDED'] as const;

/** What an image store is made of. */
export interface ImageStoreDeps {
  /** Where configurations and records are kept. */
  readonly storage: Storage;
  /** The layers of the images. */
  readonly layers: Pick<LayerStore, 'get' | 'release'>;
}

/**
 * Opens the images of a storage. An image is there when it has a record, a configuration that hashes to its ID, and all
 * its layers, or a note of the blobs that they will be made of; what lacks one of these is passed over as if it were not there, and nothing of it is removed, so that
 * pulling it again repairs it. Records are read anew for every call: images that another process adds or removes come
 * and go here too.
 *
 * `delete` removes the record and gives the layers back. The configuration stays in the content store for the garbage
 * collector, since manifests may still refer to it.
 *
 * @param deps the storage, and the layers of the images
 * @param options how to end early
 *
 * @example
 * ```ts
 * import { openImageStore } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const layers = { get: () => Promise.reject(new Error('no layers here')), release: () => Promise.resolve([]) };
 * const images = await openImageStore({ storage: createMemoryStorage(), layers });
 * const config = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
 * const id = await images.create(new TextEncoder().encode(config));
 * console.log((await images.get(id)).config.os); // linux
 * ```
 */
export async function openImageStore(deps: ImageStoreDeps, options?: AbortOptions): Promise<ImageStore> {
  const store = new StoredImages(deps);
  await store.map(options);
  return store;
}

class StoredImages implements ImageStore {
  readonly #storage: Storage;
  readonly #layers: ImageStoreDeps['layers'];
  readonly #records: ImageRecords;
  /** The hold of each image on its top layer; `undefined` for an image without layers. */
  readonly #holds = new Map<ImageID, Layer | undefined>();

  constructor({ storage, layers }: ImageStoreDeps) {
    this.#storage = storage;
    this.#layers = layers;
    this.#records = new ImageRecords(storage.metadata);
  }

  async create(config: Bytes, options: CreateImageOptions = {}): Promise<ImageID> {
    if (config.byteLength > MAX_CONFIG_BYTES) {
      throw new StowageError('LIMIT_EXCEEDED', `image configuration of ${String(config.byteLength)} bytes`);
    }
    const { lastUpdated, pending } = options;
    if (lastUpdated !== undefined) checkTime(lastUpdated);
    const parsed = parseImageConfig(config);
    if (pending !== undefined) checkPending(pending, parsed);
    const id = (await digestBytes(config)) as ImageID;
    return this.#locked(options, async () => {
      // The bytes come first: should a layer be missing, the next try finds them.
      await storeConfig(this.#storage.content, config, id, options);
      const known = await this.#records.get(id, options).catch(passOver);
      const at = lastUpdated ?? known?.lastUpdated;
      const record = { ...known, ...(at === undefined ? {} : { lastUpdated: at }) };
      const noted = pending === undefined ? record : { ...record, pending };
      if (known === undefined || at !== known.lastUpdated || pending !== undefined) {
        await this.#records.set(id, noted, options);
      }
      try {
        await this.#hold(id, parsed, options);
      } catch (error) {
        if (pending !== undefined && isStowageError(error, 'NOT_FOUND')) return id;
        if (known === undefined) await this.#records.delete(id);
        throw error;
      }
      if (noted.pending !== undefined) await this.#records.set(id, withoutPending(noted), options);
      return id;
    });
  }

  async get(id: ImageID, options?: AbortOptions): Promise<Image> {
    const image = await this.#load(id, options);
    if (image === undefined) throw unrecognized(id);
    return image;
  }

  async search(prefix: string, options?: AbortOptions): Promise<ImageID> {
    // An empty text is the beginning of every ID, and names none.
    if (prefix === '') throw new StowageError('NOT_FOUND', 'No such image: ');
    const ids = createDigestSet();
    for (const [id] of await this.#loaded(options)) ids.add(id);
    try {
      return ids.lookup(prefix) as ImageID;
    } catch (cause) {
      if (!isStowageError(cause, 'NOT_FOUND')) throw cause;
      throw new StowageError('NOT_FOUND', `No such image: ${prefix}`, { cause });
    }
  }

  delete(ids: ImageID | readonly ImageID[], options?: AbortOptions): Promise<readonly LayerMetadata[]> {
    return this.#locked(options, async () => {
      // Whatever has a record can be deleted, images among them that can no longer be read.
      const present = await this.#records.ids(options);
      const known = new Set(present);
      if (typeof ids === 'string' && !known.has(ids)) throw unrecognized(ids);
      const doomed = new Set([ids].flat().filter((id) => known.has(id)));
      if (doomed.size > 0) await this.#orphan(present, doomed, options);
      const released: LayerMetadata[] = [];
      for (const id of doomed) {
        await this.#records.delete(id, options);
        released.push(...(await this.#letGo(id)));
      }
      return released;
    });
  }

  /** Takes the parent from images that stay when it goes. */
  async #orphan(
    ids: readonly ImageID[],
    doomed: ReadonlySet<ImageID>,
    options: AbortOptions | undefined,
  ): Promise<void> {
    for (const id of ids) {
      if (doomed.has(id)) continue;
      const record = await this.#records.get(id, options).catch(passOver);
      if (record?.parent === undefined || !doomed.has(record.parent)) continue;
      const { parent: _, ...orphan } = record;
      await this.#records.set(id, orphan, options);
    }
  }

  setParent(id: ImageID, parent: ImageID, options?: AbortOptions): Promise<void> {
    return this.#change(id, options, async (record) => {
      if ((await this.#loadedRecord(parent, options)) === undefined) {
        throw new StowageError('NOT_FOUND', `unknown parent image ID ${parent}`);
      }
      return { ...record, parent };
    });
  }

  async getParent(id: ImageID, options?: AbortOptions): Promise<ImageID | undefined> {
    const record = await this.#loadedRecord(id, options);
    if (record === undefined) throw unrecognized(id);
    return record.parent;
  }

  async children(id: ImageID, options?: AbortOptions): Promise<readonly ImageID[]> {
    return (await this.#loaded(options)).filter(([, { parent }]) => parent === id).map(([child]) => child);
  }

  async heads(options?: AbortOptions): Promise<readonly ImageID[]> {
    const loaded = await this.#loaded(options);
    const parents = new Set(loaded.map(([, { parent }]) => parent));
    return loaded.map(([id]) => id).filter((id) => !parents.has(id));
  }

  async map(options?: AbortOptions): Promise<ReadonlyMap<ImageID, Image>> {
    const images = new Map<ImageID, Image>();
    const ids = await this.#records.ids(options);
    for (let at = 0; at < ids.length; at += READ_AT_ONCE) {
      const batch = ids.slice(at, at + READ_AT_ONCE).map((id) => this.#load(id, options).catch(passOver));
      for (const image of await Promise.all(batch)) if (image !== undefined) images.set(image.id, image);
    }
    return images;
  }

  async setLastUpdated(id: ImageID, at: number, options?: AbortOptions): Promise<void> {
    checkTime(at);
    await this.#change(id, options, (record) => Promise.resolve({ ...record, lastUpdated: at }));
  }

  /** Rewrites the record of an image that is there. */
  #change(
    id: ImageID,
    options: AbortOptions | undefined,
    change: (record: ImageRecord) => Promise<ImageRecord>,
  ): Promise<void> {
    return this.#locked(options, async () => {
      const record = await this.#loadedRecord(id, options);
      if (record === undefined) throw unrecognized(id);
      await this.#records.set(id, await change(record), options);
    });
  }

  /**
   * Does what changes images, one caller after the other, and gives back the layers of images that are gone: nobody
   * else ever gives layers back, or a reader could take them from an image that has just come.
   */
  #locked<T>(options: AbortOptions | undefined, work: () => Promise<T>): Promise<T> {
    return withLock(
      this.#storage,
      LOCK,
      async () => {
        const ids = new Set(await this.#records.ids(options));
        for (const id of [...this.#holds.keys()]) if (!ids.has(id)) await this.#letGo(id);
        return work();
      },
      options,
    );
  }

  /** Every image that is there, with its record. */
  async #loaded(options: AbortOptions | undefined): Promise<readonly (readonly [ImageID, ImageRecord])[]> {
    const loaded: (readonly [ImageID, ImageRecord])[] = [];
    for (const id of await this.#records.ids(options)) {
      const record = await this.#loadedRecord(id, options).catch(passOver);
      if (record !== undefined) loaded.push([id, record]);
    }
    return loaded;
  }

  /** The record of an image that is there. One whose layers are held has been read before, and is not read again. */
  async #loadedRecord(id: ImageID, options: AbortOptions | undefined): Promise<ImageRecord | undefined> {
    if (!this.#holds.has(id) && (await this.#load(id, options)) === undefined) return undefined;
    return this.#records.get(id, options);
  }

  /** Reads an image and takes hold of its layers where they are registered, or answers nothing where it is not there. */
  async #load(id: ImageID, options: AbortOptions | undefined): Promise<Image | undefined> {
    const record = await this.#records.get(id, options);
    if (record === undefined) return undefined;
    try {
      const raw = await readConfig(this.#storage.content, id, options);
      const config = parseImageConfig(raw);
      const isHeld = await this.#holdOrWait(id, config, record, options);
      return { ...(isHeld ? withoutPending(record) : record), id, config, raw };
    } catch (error) {
      if (isStowageError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }

  /** Takes hold of the layers of an image. Answers `false` where they are missing and their blobs are noted. */
  async #holdOrWait(
    id: ImageID,
    config: ImageConfig,
    { pending }: ImageRecord,
    options: AbortOptions | undefined,
  ): Promise<boolean> {
    try {
      await this.#hold(id, config, options);
      return true;
    } catch (error) {
      if (pending === undefined || !isStowageError(error, 'NOT_FOUND')) throw error;
      return false;
    }
  }

  /** Takes hold of the layers of an image, once. `NOT_FOUND` when one is missing. */
  async #hold(id: ImageID, { rootfs }: ImageConfig, options: AbortOptions | undefined): Promise<void> {
    if (this.#holds.has(id)) return;
    const layer = rootfs.diff_ids.length === 0 ? undefined : await this.#topLayer(rootfs.diff_ids, options);
    if (!this.#holds.has(id)) this.#holds.set(id, layer);
    // Somebody else was quicker.
    else if (layer !== undefined) await this.#layers.release(layer);
  }

  async #topLayer(
    diffIds: ImageConfig['rootfs']['diff_ids'],
    options: AbortOptions | undefined,
  ): Promise<Layer> {
    const top = chainId(diffIds);
    try {
      return await this.#layers.get(top, options);
    } catch (error) {
      if (!isStowageError(error, 'NOT_FOUND')) throw error;
      const message = `failed to get layer ${top}: layer does not exist`;
      throw new StowageError('NOT_FOUND', message, { cause: error });
    }
  }

  /** Gives the layers of an image back. Answers those that went with it. */
  async #letGo(id: ImageID): Promise<readonly LayerMetadata[]> {
    const layer = this.#holds.get(id);
    this.#holds.delete(id);
    return layer === undefined ? [] : this.#layers.release(layer);
  }
}

/** What is made of an image or a record that cannot be read: it is not there. */
function passOver(error: unknown): undefined {
  if (UNREADABLE.some((code) => isStowageError(error, code))) return undefined;
  throw error;
}

function withoutPending({ pending: _, ...record }: ImageRecord): ImageRecord {
  return record;
}

function checkPending(pending: readonly Descriptor[], { rootfs }: ImageConfig): void {
  const count = rootfs.diff_ids.length;
  if (pending.length === count) return;
  const message = `${String(pending.length)} pending blobs for an image of ${String(count)} layers`;
  throw new StowageError('INVALID_ARGUMENT', message);
}

function checkTime(at: number): void {
  if (!isTime(at)) throw new StowageError('INVALID_ARGUMENT', `${String(at)} is no time`);
}

function unrecognized(id: ImageID): StowageError {
  return new StowageError('NOT_FOUND', `unrecognized image ID ${id}`);
}
