import { chainId as chainIdOf } from '@stowage/core';
import {
  asDigest,
  digestKey,
  isDigest,
  isStoredDescriptor,
  isStowageError,
  storedDescriptor,
} from '@stowage/types';
import type { AbortOptions, Bytes, ChainID, Descriptor, DiffID, Storage } from '@stowage/types';

/** What is kept of a layer beside its blob. */
export interface LayerRecord {
  readonly diffId: DiffID;
  readonly parent?: ChainID;
  /** Uncompressed bytes of the whole stack. */
  readonly size: number;
  /** Uncompressed bytes of this layer. */
  readonly diffSize: number;
  readonly descriptor: Descriptor;
}

const NAMESPACE = 'layers';
const ENDING = '.json';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The records of layers in a storage's metadata, by ChainID. */
export class LayerRecords {
  readonly #storage: Pick<Storage, 'content' | 'metadata'>;

  constructor(storage: Pick<Storage, 'content' | 'metadata'>) {
    this.#storage = storage;
  }

  /** `undefined` where there is no record, or a damaged one, or where the blob of the layer is gone. */
  async read(chainId: ChainID, options?: AbortOptions): Promise<LayerRecord | undefined> {
    const found = await this.examine(chainId, options);
    return typeof found === 'string' ? undefined : found;
  }

  /** As {@link LayerRecords.read}, with words for what is wrong. */
  async examine(chainId: ChainID, options?: AbortOptions): Promise<LayerRecord | string> {
    const bytes = await this.#storage.metadata.get(NAMESPACE, digestKey(chainId, ENDING), options);
    if (bytes === undefined) return 'it has no record';
    const record = decodeRecord(bytes, chainId);
    if (record === undefined) return 'its record is damaged';
    const { digest, size } = record.descriptor;
    try {
      const info = await this.#storage.content.info(digest, options);
      if (info.size === size) return record;
      return `its blob ${digest} has ${String(info.size)} bytes, and should have ${String(size)}`;
    } catch (error) {
      if (isStowageError(error, 'NOT_FOUND')) return `its blob ${digest} is not in the store`;
      throw error;
    }
  }

  async write(chainId: ChainID, record: LayerRecord, options?: AbortOptions): Promise<void> {
    const bytes = encoder.encode(JSON.stringify(record));
    await this.#storage.metadata.set(NAMESPACE, digestKey(chainId, ENDING), bytes, options);
  }

  async delete(chainId: ChainID, options?: AbortOptions): Promise<void> {
    await this.#storage.metadata.delete(NAMESPACE, digestKey(chainId, ENDING), options);
  }

  /** The layers that have a record, a damaged one perhaps. */
  async list(options?: AbortOptions): Promise<ChainID[]> {
    const list: ChainID[] = [];
    for await (const key of this.#storage.metadata.keys(NAMESPACE, options)) {
      const value = key.endsWith(ENDING) ? key.slice(0, -ENDING.length).replace('/', ':') : '';
      if (isDigest(value)) list.push(value as ChainID);
    }
    return list;
  }
}

/** A record that is not of the layer that it says it is counts as damaged. */
function decodeRecord(bytes: Bytes, chainId: ChainID): LayerRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { diffId, parent, size, diffSize, descriptor } = value;
  if (!isDigestText(diffId) || (parent !== undefined && !isDigestText(parent))) return undefined;
  if (!isCount(size) || !isCount(diffSize) || !isStoredDescriptor(descriptor)) return undefined;
  const diff = asDigest(diffId) as DiffID;
  const beneath = parent === undefined ? undefined : (asDigest(parent) as ChainID);
  if (chainIdOf(beneath === undefined ? [diff] : [beneath, diff]) !== chainId) return undefined;
  return {
    diffId: diff,
    ...(beneath === undefined ? {} : { parent: beneath }),
    size,
    diffSize,
    descriptor: storedDescriptor(descriptor),
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isDigestText(value: unknown): value is string {
  return typeof value === 'string' && isDigest(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
