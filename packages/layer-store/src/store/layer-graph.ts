import { withLock } from '@stowage/core';
import { storedDescriptor, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ChainID,
  Descriptor,
  DiffID,
  Layer,
  LayerEntry,
  LayerMetadata,
  Storage,
} from '@stowage/types';
import { LayerCache } from '../content/layer-cache.ts';
import { LayerContent } from '../layer/layer-content.ts';
import { LayerRecords } from './layer-records.ts';
import type { LayerRecord } from './layer-records.ts';
import { DEFAULT_LAYER_LIMITS } from '../content/limits.ts';
import type { ScanInit } from '../layer/layer-scan.ts';
import type { SeekPoints } from '../seek/seek-index.ts';
import { SeekRecords } from './seek-records.ts';
import { StoredIndex } from './stored-index.ts';
import { StoredLayer } from './stored-layer.ts';

/** The most layers in a stack, as in moby. */
export const MAX_DEPTH = 125;

/** How many records are read at a time: each is an open file. */
const READ_AT_ONCE = 32;

/** The most bytes of checkpoints that are kept in memory. */
const MAX_POINTS_BYTES = 64 * 1024 * 1024;

/** The lock under which layers come and go. */
export const LAYERS_LOCK = 'layers';

/** A layer whose blob is stored. */
export interface NewLayer {
  readonly diffId: DiffID;
  readonly diffSize: number;
  readonly descriptor: Descriptor;
  /** What is to be kept beside it. */
  readonly seekIndex: Bytes | undefined;
}

/** A layer in memory, with what keeps it there. */
export interface LayerNode {
  readonly metadata: LayerMetadata;
  readonly descriptor: Descriptor;
  readonly parent: LayerNode | undefined;
  /** How many layers there are from here down to the base, both counted. */
  readonly depth: number;
  /** The layer as its children see it: not a hold. */
  readonly face: StoredLayer;
  readonly content: LayerContent;
  holds: number;
  children: number;
}

/**
 * The layers of a storage and the holds on them. Records in the storage are the truth, memory follows them: another
 * process may add and remove layers. So whatever adds, removes or looks for a layer that is not in use here runs under
 * the storage's lock `layers`.
 */
export class LayerGraph {
  readonly #storage: Storage;
  readonly #records: LayerRecords;
  readonly #indexes: SeekRecords;
  readonly #scans: ScanInit;
  readonly #entryCache: LayerCache<readonly LayerEntry[]>;
  readonly #pointsCache = new LayerCache<SeekPoints>(MAX_POINTS_BYTES);
  readonly #nodes = new Map<ChainID, LayerNode>();
  readonly #holds = new Map<Layer, LayerNode>();

  constructor(storage: Storage, scans: ScanInit) {
    this.#storage = storage;
    this.#records = new LayerRecords(storage);
    this.#indexes = new SeekRecords(storage);
    this.#scans = scans;
    this.#entryCache = new LayerCache(scans.limits.maxCachedEntries ?? DEFAULT_LAYER_LIMITS.maxCachedEntries);
  }

  /** Every layer that there is now. */
  async list(options: AbortOptions): Promise<LayerMetadata[]> {
    return this.#locked(options, async () => {
      await this.#sync(options);
      return [...this.#nodes.values()].map((node) => node.metadata);
    });
  }

  /** A new hold. `NOT_FOUND`. */
  async get(chainId: ChainID, options: AbortOptions): Promise<Layer> {
    options.signal?.throwIfAborted();
    const node = this.#nodes.get(chainId);
    if (node !== undefined && isUsed(node)) return this.#hold(node);
    const record = await this.#records.read(chainId, options);
    if (node === undefined && record === undefined) throw unknownLayer();
    // One that is known and still there needs no lock, which would be dear for whoever takes hold of a whole store.
    if (node !== undefined && record !== undefined && this.#nodes.get(chainId) === node)
      return this.#hold(node);
    return this.#locked(options, async () => {
      const found = await this.#find(chainId, options);
      if (found === undefined) throw unknownLayer();
      return this.#hold(found);
    });
  }

  /** What a hold is on. `INVALID_ARGUMENT` when it was given back. */
  nodeOf(layer: Layer): LayerNode {
    const node = this.#holds.get(layer);
    if (node === undefined) throw new StowageError('INVALID_ARGUMENT', 'layer not retained');
    return node;
  }

  /** Adds a layer whose blob is stored, unless it is there already. `parent` is held by the caller. */
  async add(
    chainId: ChainID,
    { seekIndex, ...diff }: NewLayer,
    parent: LayerNode | undefined,
    options: AbortOptions,
  ): Promise<Layer> {
    return this.#locked(options, async () => {
      const existing = await this.#find(chainId, options);
      if (existing !== undefined) return this.#hold(existing);
      const size = (parent?.metadata.size ?? 0) + diff.diffSize;
      const record: LayerRecord = { ...diff, size, descriptor: storedDescriptor(diff.descriptor) };
      await this.#restoreParents(parent, options);
      // A layer that can be seen has its index.
      if (seekIndex !== undefined) await this.#indexes.write(diff.diffId, seekIndex, options);
      await this.#write(chainId, record, parent, options);
      return this.#hold(this.#insert(chainId, record, parent));
    });
  }

  /** Gives a hold back and removes what nothing holds any more. */
  async release(layer: Layer, options: AbortOptions): Promise<LayerMetadata[]> {
    options.signal?.throwIfAborted();
    const node = this.nodeOf(layer);
    if (node.holds > 1 || node.children > 0) {
      this.#drop(layer, node);
      return [];
    }
    return this.#locked(options, async () => {
      // Another process may have put a layer on top.
      await this.#sync(options);
      this.#drop(layer, this.nodeOf(layer));
      const removed: LayerMetadata[] = [];
      for (let top: LayerNode | undefined = node; top !== undefined && !isUsed(top); top = top.parent) {
        this.#forget(top);
        await this.#records.delete(top.metadata.chainId);
        await this.#forgetIndex(top.metadata.diffId);
        removed.push(top.metadata);
      }
      return removed;
    });
  }

  #hold(node: LayerNode): Layer {
    const layer = new StoredLayer(node.metadata, node.descriptor, node.parent?.face, node.content);
    this.#holds.set(layer, node);
    node.holds++;
    return layer;
  }

  #drop(layer: Layer, node: LayerNode): void {
    this.#holds.delete(layer);
    node.holds--;
  }

  /** Under the lock: a layer that is in use here, or whose record and blob are there. */
  async #find(chainId: ChainID, options: AbortOptions): Promise<LayerNode | undefined> {
    const node = this.#nodes.get(chainId);
    if (node !== undefined && isUsed(node)) return node;
    if ((await this.#records.read(chainId, options)) === undefined) {
      if (node !== undefined) this.#forget(node);
      return undefined;
    }
    if (node !== undefined) return node;
    await this.#sync(options);
    return this.#nodes.get(chainId);
  }

  /** Under the lock: brings in what others have added, and drops what they have removed and nobody uses here. */
  async #sync(options: AbortOptions): Promise<void> {
    const listed = await this.#records.list(options);
    const kept = new Set(listed);
    const deepFirst = [...this.#nodes.values()].sort((a, b) => b.depth - a.depth);
    for (const node of deepFirst) {
      if (!kept.has(node.metadata.chainId) && !isUsed(node)) this.#forget(node);
    }
    const fresh = listed.filter((chainId) => !this.#nodes.has(chainId));
    const records = new Map<ChainID, LayerRecord>();
    for (let at = 0; at < fresh.length; at += READ_AT_ONCE) {
      const batch = fresh.slice(at, at + READ_AT_ONCE).map(async (chainId) => {
        const record = await this.#records.read(chainId, options);
        if (record !== undefined) records.set(chainId, record);
      });
      await Promise.all(batch);
    }
    for (const chainId of records.keys()) this.#restore(chainId, records);
  }

  /** Puts a layer and everything beneath it in place; a layer without its parent, or too deep, stays unknown. */
  #restore(chainId: ChainID, records: ReadonlyMap<ChainID, LayerRecord>): void {
    const stack: ChainID[] = [];
    let at: ChainID | undefined = chainId;
    while (at !== undefined && !this.#nodes.has(at)) {
      const record = records.get(at);
      if (record === undefined || stack.length >= MAX_DEPTH) return;
      stack.push(at);
      at = record.parent;
    }
    let parent = at === undefined ? undefined : this.#nodes.get(at);
    for (const id of stack.reverse()) {
      const record = records.get(id);
      if (record === undefined || (parent?.depth ?? 0) >= MAX_DEPTH) return;
      if (record.size !== (parent?.metadata.size ?? 0) + record.diffSize) return;
      parent = this.#insert(id, record, parent);
    }
  }

  #insert(chainId: ChainID, record: LayerRecord, parent: LayerNode | undefined): LayerNode {
    const { diffId, size, diffSize, descriptor } = record;
    const metadata: LayerMetadata = Object.freeze({ chainId, diffId, size, diffSize });
    const layer = { content: this.#storage.content, descriptor, diffId, diffSize };
    const index = new StoredIndex({
      ...layer,
      records: this.#indexes,
      pointsCache: this.#pointsCache,
      scans: this.#scans,
    });
    const content = new LayerContent({
      ...layer,
      index,
      entryCache: this.#entryCache,
      tarLimits: this.#scans.limits.tar,
      worker: this.#scans.worker,
    });
    const face = new StoredLayer(metadata, descriptor, parent?.face, content);
    const depth = (parent?.depth ?? 0) + 1;
    const node: LayerNode = { metadata, descriptor, parent, depth, face, content, holds: 0, children: 0 };
    this.#nodes.set(chainId, node);
    if (parent !== undefined) parent.children++;
    return node;
  }

  #forget(node: LayerNode): void {
    this.#nodes.delete(node.metadata.chainId);
    if (node.parent !== undefined) node.parent.children--;
  }

  /** Removes the index of a layer that is on no other stack. One that stays behind does no harm. */
  async #forgetIndex(diffId: DiffID): Promise<void> {
    for (const { metadata } of this.#nodes.values()) if (metadata.diffId === diffId) return;
    await this.#indexes.delete(diffId);
  }

  /** A parent that is held here may have been removed by another process, which could not know of the hold. */
  async #restoreParents(parent: LayerNode | undefined, options: AbortOptions): Promise<void> {
    const missing: LayerNode[] = [];
    for (let node = parent; node !== undefined; node = node.parent) {
      if ((await this.#records.read(node.metadata.chainId, options)) !== undefined) break;
      missing.push(node);
    }
    for (const node of missing.reverse()) {
      const { chainId, ...rest } = node.metadata;
      await this.#write(chainId, { ...rest, descriptor: node.descriptor }, node.parent, options);
    }
  }

  async #write(
    chainId: ChainID,
    record: LayerRecord,
    parent: LayerNode | undefined,
    options: AbortOptions,
  ): Promise<void> {
    const { diffId, size, diffSize, descriptor } = record;
    const beneath = parent === undefined ? {} : { parent: parent.metadata.chainId };
    await this.#records.write(chainId, { diffId, ...beneath, size, diffSize, descriptor }, options);
  }

  #locked<T>(options: AbortOptions, work: () => Promise<T>): Promise<T> {
    return withLock(this.#storage, LAYERS_LOCK, work, options);
  }
}

function isUsed(node: LayerNode): boolean {
  return node.holds > 0 || node.children > 0;
}

function unknownLayer(): StowageError {
  return new StowageError('NOT_FOUND', 'layer does not exist');
}
