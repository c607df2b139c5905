import { digestKey, isDigest, isStowageError } from '@stowage/types';
import type { AbortOptions, Bytes, DiffID, MetadataStore, Storage } from '@stowage/types';
import type { OpenSeekIndex } from '../seek/decode-seek-index.ts';

const NAMESPACE = 'seek';

/** The seek indexes of layers in a storage's metadata, by DiffID. Whatever happens to one, it can be made again. */
export class SeekRecords {
  readonly #storage: Pick<Storage, 'metadata'>;
  readonly #metadata: MetadataStore;

  constructor(storage: Pick<Storage, 'metadata'>) {
    this.#storage = storage;
    this.#metadata = storage.metadata;
  }

  /** `undefined` where there is none, or none that can be read. */
  async read(diffId: DiffID, options?: AbortOptions): Promise<OpenSeekIndex | undefined> {
    const found = await this.examine(diffId, options);
    return typeof found === 'string' ? undefined : found;
  }

  /** As {@link SeekRecords.read}, with words for what is wrong. */
  async examine(diffId: DiffID, options?: AbortOptions): Promise<OpenSeekIndex | string> {
    const bytes = await readSeekIndex(this.#storage, diffId, options);
    if (bytes === undefined) return 'there is none';
    // Loaded on demand: nobody who pulls and pushes looks into layers.
    const { openSeekIndex } = await import('../seek/decode-seek-index.ts');
    try {
      const index = openSeekIndex(bytes);
      return index.diffId === diffId ? index : `it is that of layer ${index.diffId}`;
    } catch (error) {
      if (isStowageError(error)) return error.message;
      throw error;
    }
  }

  /** Nothing fails because an index cannot be kept, except where the call is aborted. */
  async write(diffId: DiffID, index: Bytes, options: AbortOptions = {}): Promise<void> {
    try {
      await this.#metadata.set(NAMESPACE, digestKey(diffId), index, { ...options, durable: false });
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isStowageError(error)) throw error;
    }
  }

  async delete(diffId: DiffID, options?: AbortOptions): Promise<void> {
    await this.#metadata.delete(NAMESPACE, digestKey(diffId), { ...options, durable: false });
  }

  /** The layers that have an index, a damaged one perhaps. */
  async list(options?: AbortOptions): Promise<DiffID[]> {
    const list: DiffID[] = [];
    for await (const key of this.#metadata.keys(NAMESPACE, options)) {
      const value = key.replace('/', ':');
      if (isDigest(value)) list.push(value as DiffID);
    }
    return list;
  }
}

/**
 * The seek index that a store keeps of a layer, in its form, to be given to others. Whether it is whole, and of the blob
 * that you mean, `openSeekableLayer` tells.
 *
 * @param storage of the layers
 * @param diffId names the layer
 * @param options how to end early
 * @returns `undefined` where there is none
 *
 * @example
 * ```ts
 * import { EMPTY_LAYER_DIFF_ID, readSeekIndex } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * console.log(await readSeekIndex(createMemoryStorage(), EMPTY_LAYER_DIFF_ID)); // undefined
 * ```
 */
export function readSeekIndex(
  { metadata }: Pick<Storage, 'metadata'>,
  diffId: DiffID,
  options: AbortOptions = {},
): Promise<Bytes | undefined> {
  return metadata.get(NAMESPACE, digestKey(diffId), options);
}

/**
 * Removes the seek indexes that layers have left behind: of a process that ended in between, for example. Nothing is
 * lost, as an index is made again where it is wanted.
 *
 * @param storage of the layers
 * @param present the layers that there are
 * @param options how to end early
 *
 * @example
 * ```ts
 * import { forgetSeekIndexes } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * await forgetSeekIndexes(createMemoryStorage(), new Set());
 * ```
 */
export async function forgetSeekIndexes(
  storage: Pick<Storage, 'metadata'>,
  present: ReadonlySet<DiffID>,
  options: AbortOptions = {},
): Promise<void> {
  const records = new SeekRecords(storage);
  for (const diffId of await records.list(options)) {
    if (!present.has(diffId)) await records.delete(diffId, options);
  }
}
