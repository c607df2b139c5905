import { isStowageError } from '@stowage/types';
import type { AbortOptions, ContentReader, Descriptor, DiffID, LayerEntry } from '@stowage/types';
import type { LayerCache } from '../content/layer-cache.ts';
import type { LayerIndex } from '../layer/layer-content.ts';
import type { ScanInit } from '../layer/layer-scan.ts';
import { scanBlob } from '../layer/scan-blob.ts';
import type { OpenSeekIndex } from '../seek/decode-seek-index.ts';
import type { SeekPoints } from '../seek/seek-index.ts';
import type { SeekRecords } from './seek-records.ts';

/** What a checkpoint takes in memory beside its window. */
const CHECKPOINT_BYTES = 128;

/** What the index of a stored layer is read and made with. */
export interface StoredIndexInit {
  readonly records: SeekRecords;
  readonly pointsCache: LayerCache<SeekPoints>;
  readonly content: Pick<ContentReader, 'open'>;
  readonly scans: ScanInit;
  readonly descriptor: Descriptor;
  readonly diffId: DiffID;
  readonly diffSize: number;
}

/** The seek index of a layer in a store: read where it is there, made again where it is not. */
export class StoredIndex implements LayerIndex {
  readonly #init: StoredIndexInit;
  /** Whether the layer is known to be too large for one. */
  #hasNone: boolean;

  constructor(init: StoredIndexInit) {
    this.#init = init;
    this.#hasNone = init.scans.limits.maxIndexedEntries === 0;
  }

  async entries(options: AbortOptions = {}): Promise<readonly LayerEntry[] | undefined> {
    if (this.#hasNone) return undefined;
    const stored = await this.#read(options);
    const entries = stored && (await unlessDamaged(() => stored.readEntries()));
    return entries ?? (await this.#build(options));
  }

  async points(options: AbortOptions = {}): Promise<SeekPoints | undefined> {
    const { pointsCache, diffId, descriptor } = this.#init;
    const cached = pointsCache.get(diffId);
    if (cached?.blob.digest === descriptor.digest) return cached;
    if (this.#hasNone) return undefined;
    const stored = await this.#read(options);
    // The layer may have come in another blob when the index was made; its entries are the same all the same.
    if (stored?.blob.digest !== descriptor.digest || stored.blob.size !== descriptor.size) return undefined;
    const checkpoints = await unlessDamaged(() => stored.readCheckpoints());
    if (checkpoints === undefined) return undefined;
    const { diffSize, blob, format } = stored;
    const points: SeekPoints = { diffId, diffSize, blob, format, checkpoints };
    const cost = checkpoints.reduce((sum, { window }) => sum + window.length + CHECKPOINT_BYTES, 0);
    pointsCache.set(diffId, points, cost);
    return points;
  }

  async #read(options: AbortOptions): Promise<OpenSeekIndex | undefined> {
    const { records, diffId, diffSize } = this.#init;
    const stored = await records.read(diffId, options);
    return stored?.diffSize === diffSize ? stored : undefined;
  }

  /** Makes the index anew. What keeps it from being made shows again when the layer itself is read. */
  async #build(options: AbortOptions): Promise<readonly LayerEntry[] | undefined> {
    const { records, content, descriptor, diffId, scans } = this.#init;
    try {
      const scanned = await scanBlob(content, descriptor, scans, options);
      if (scanned.diffId !== diffId) return undefined;
      const { seekIndex } = scanned;
      this.#hasNone = seekIndex === undefined;
      if (seekIndex === undefined) return undefined;
      await records.write(diffId, seekIndex, options);
      const { openSeekIndex } = await import('../seek/decode-seek-index.ts');
      return await openSeekIndex(seekIndex).readEntries();
    } catch (error) {
      options.signal?.throwIfAborted();
      if (isStowageError(error)) return undefined;
      throw error;
    }
  }
}

/** What is wrong with an index is no reason to fail. */
async function unlessDamaged<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (isStowageError(error)) return undefined;
    throw error;
  }
}
