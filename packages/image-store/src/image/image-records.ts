import {
  digestKey,
  encodeGoJson,
  isDigest,
  isStoredDescriptor,
  storedDescriptor,
  StowageError,
} from '@stowage/types';
import type { AbortOptions, Bytes, Descriptor, ImageID, MetadataStore } from '@stowage/types';

const NAMESPACE = 'images';
const ENDING = '.json';

/** What is kept of an image beside its configuration. */
export interface ImageRecord {
  readonly parent?: ImageID;
  /** Milliseconds since the epoch. */
  readonly lastUpdated?: number;
  /** The blobs of layers that are not registered, base first. */
  readonly pending?: readonly Descriptor[];
}

/** The records of images, `images/<algorithm>/<hex>.json`. */
export class ImageRecords {
  readonly #metadata: MetadataStore;

  constructor(metadata: MetadataStore) {
    this.#metadata = metadata;
  }

  /** `undefined` where there is none. `DATA_LOSS` when it is malformed. */
  async get(id: ImageID, options?: AbortOptions): Promise<ImageRecord | undefined> {
    const key = digestKey(id, ENDING);
    const bytes = await this.#metadata.get(NAMESPACE, key, options);
    return bytes && parseRecord(bytes, key);
  }

  async set(
    id: ImageID,
    { parent, lastUpdated, pending }: ImageRecord,
    options?: AbortOptions,
  ): Promise<void> {
    await this.#metadata.set(
      NAMESPACE,
      digestKey(id, ENDING),
      encodeGoJson({ parent, lastUpdated, pending: pending?.map(storedDescriptor) }),
      options,
    );
  }

  async delete(id: ImageID, options?: AbortOptions): Promise<void> {
    await this.#metadata.delete(NAMESPACE, digestKey(id, ENDING), options);
  }

  /** The images that there are records of, sorted; files that are no records are left alone. */
  async ids(options?: AbortOptions): Promise<ImageID[]> {
    const ids: ImageID[] = [];
    for await (const key of this.#metadata.keys(NAMESPACE, options)) {
      const id = key.endsWith(ENDING) ? key.slice(0, -ENDING.length).replace('/', ':') : '';
      if (isDigest(id)) ids.push(id as ImageID);
    }
    return ids.sort();
  }
}

function parseRecord(bytes: Bytes, key: string): ImageRecord {
  const value = parseJson(bytes);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const { parent, lastUpdated, pending } = value as Record<string, unknown>;
    const parentIsValid = parent === undefined || (typeof parent === 'string' && isDigest(parent));
    const pendingIsValid =
      pending === undefined || (Array.isArray(pending) && pending.every(isStoredDescriptor));
    if (parentIsValid && pendingIsValid && (lastUpdated === undefined || isTime(lastUpdated))) {
      return {
        ...(parent === undefined ? {} : { parent: parent as ImageID }),
        ...(lastUpdated === undefined ? {} : { lastUpdated }),
        ...(pending === undefined ? {} : { pending: pending.map(storedDescriptor) }),
      };
    }
  }
  throw new StowageError('DATA_LOSS', `${NAMESPACE}/${key} is damaged`);
}

function parseJson(bytes: Bytes): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Whether a value is a time that a record can keep. */
export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
