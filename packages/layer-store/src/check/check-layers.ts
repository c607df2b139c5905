import { withLock } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ChainID, CheckedItem, Storage } from '@stowage/types';
import { LayerCache } from '../content/layer-cache.ts';
import { LayerContent } from '../layer/layer-content.ts';
import { LAYERS_LOCK, MAX_DEPTH } from '../store/layer-graph.ts';
import { LayerRecords } from '../store/layer-records.ts';
import type { LayerRecord } from '../store/layer-records.ts';

/**
 * Examines every layer of a storage: its record, its blob, the layers beneath it, and its content, which is inflated
 * and must have the layer's DiffID and size. The blobs themselves are for `checkContent` of `@stowage/storage`. What is
 * wrong with a layer is also wrong with all on top of it.
 *
 * @param storage where the layers are
 * @param options how to end early
 * @returns every layer, each after the ones beneath it
 *
 * @example
 * ```ts
 * import { streamOf } from '@stowage/core';
 * import { checkLayers, EMPTY_LAYER, openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * await layers.register(await EMPTY_LAYER.tarStream());
 * for await (const { kind, fault } of checkLayers(storage)) console.log(kind, fault); // layer undefined
 * ```
 */
export async function* checkLayers(
  storage: Storage,
  options: AbortOptions = {},
): AsyncGenerator<CheckedItem> {
  const records = new LayerRecords(storage);
  const found = new Map<ChainID, LayerRecord | string>();
  for (const chainId of await records.list(options)) {
    found.set(chainId, await records.examine(chainId, options));
  }
  const contents = new ContentFaults(storage);
  const faults = new Map<ChainID, string | undefined>();
  for (const chainId of parentsFirst(found)) {
    const fault = await faultOf(chainId, found, faults, contents, options);
    faults.set(chainId, fault);
    if (fault === undefined) yield { kind: 'layer', subject: chainId };
    else {
      const drop = (dropOptions?: AbortOptions): Promise<void> =>
        withLock(storage, LAYERS_LOCK, () => records.delete(chainId, dropOptions), dropOptions);
      yield { kind: 'layer', subject: chainId, fault, drop };
    }
  }
}

/** The layers in an order in which each comes after the one beneath it. */
function parentsFirst(found: ReadonlyMap<ChainID, LayerRecord | string>): readonly ChainID[] {
  const depths = new Map<ChainID, number>();
  for (const chainId of found.keys()) {
    const stack: ChainID[] = [];
    let at: ChainID | undefined = chainId;
    while (at !== undefined && found.has(at) && !depths.has(at)) {
      stack.push(at);
      at = parentOf(found.get(at));
    }
    let depth = at === undefined ? 0 : (depths.get(at) ?? 0);
    for (const id of stack.reverse()) depths.set(id, ++depth);
  }
  return [...depths].sort(([, a], [, b]) => a - b).map(([chainId]) => chainId);
}

function parentOf(record: LayerRecord | string | undefined): ChainID | undefined {
  return typeof record === 'object' ? record.parent : undefined;
}

async function faultOf(
  chainId: ChainID,
  found: ReadonlyMap<ChainID, LayerRecord | string>,
  faults: ReadonlyMap<ChainID, string | undefined>,
  contents: ContentFaults,
  options: AbortOptions,
): Promise<string | undefined> {
  const record = found.get(chainId);
  if (typeof record !== 'object') return record;
  let beneath = 0;
  if (record.parent !== undefined) {
    const parent = found.get(record.parent);
    if (parent === undefined) return `the layer beneath it, ${record.parent}, is not in the store`;
    if (faults.get(record.parent) !== undefined || typeof parent === 'string') {
      return `the layer beneath it, ${record.parent}, is damaged`;
    }
    beneath = parent.size;
  }
  if (record.size !== beneath + record.diffSize) return 'its record is damaged: the sizes do not add up';
  if (depthOf(record, found) > MAX_DEPTH) return `there are more than ${String(MAX_DEPTH)} layers`;
  return contents.of(record, options);
}

function depthOf(record: LayerRecord, found: ReadonlyMap<ChainID, LayerRecord | string>): number {
  let depth = 1;
  for (let id = record.parent; id !== undefined && depth <= MAX_DEPTH; id = parentOf(found.get(id)))
    depth += 1;
  return depth;
}

/** What is wrong with the contents of layers; the same content is read once, however many layers have it. */
class ContentFaults {
  readonly #content: Storage['content'];
  readonly #known = new Map<string, string | undefined>();

  constructor({ content }: Storage) {
    this.#content = content;
  }

  async of(record: LayerRecord, options: AbortOptions): Promise<string | undefined> {
    const key = `${record.descriptor.digest} ${record.diffId} ${String(record.diffSize)}`;
    if (!this.#known.has(key)) this.#known.set(key, await this.#read(record, options));
    return this.#known.get(key);
  }

  async #read(
    { descriptor, diffId, diffSize }: LayerRecord,
    options: AbortOptions,
  ): Promise<string | undefined> {
    const layer = new LayerContent({
      content: this.#content,
      descriptor,
      diffId,
      diffSize,
      entryCache: new LayerCache(0),
      tarLimits: undefined,
      worker: true,
    });
    let count = 0;
    try {
      const take = (bytes: Bytes): Promise<void> => {
        count += bytes.length;
        return Promise.resolve();
      };
      await layer.tarTo(take, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (!isStowageError(error)) throw error;
      return `its content cannot be trusted: ${error.message}`;
    }
    return count === diffSize
      ? undefined
      : `its content has ${String(count)} bytes, and should have ${String(diffSize)}`;
  }
}
