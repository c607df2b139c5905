import { digestKey, digestOfKey, isDigest, isStowageError, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ChangeOptions,
  Digest,
  DiffID,
  MetadataStore,
  Storage,
  V2Metadata,
  V2MetadataService,
} from '@stowage/types';
import { decodeV2Metadata, encodeV2Metadata } from './v2-metadata-file.ts';
import { computeV2MetadataHmac } from './v2-metadata-hmac.ts';

const BY_DIFF_ID = 'v2metadata-by-diffid';
const BY_DIGEST = 'diffid-by-digest';
/** How many places are kept of one layer. */
const MAX_ENTRIES = 50;

/** Changes to one store are made one after the other, whichever service makes them. */
const turns = new WeakMap<MetadataStore, Promise<void>>();

/**
 * The distribution metadata in a store (moby's `NewV2MetadataService`): which blob holds which layer, and which
 * repositories have it, so that a push need not send what is there. The values are in moby's formats,
 * `v2metadata-by-diffid/<algorithm>/<hex>` and `diffid-by-digest/<algorithm>/<hex>`.
 *
 * @param store where they are kept; without one, nothing is noted, and asking is refused
 *
 * @example
 * ```ts
 * import { createV2MetadataService } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 * import { asDigest } from '@stowage/types';
 * import type { DiffID } from '@stowage/types';
 *
 * const service = createV2MetadataService(createMemoryStorage().metadata);
 * const diffId = asDigest('sha256:' + '1'.repeat(64)) as DiffID;
 * const digest = asDigest('sha256:' + '2'.repeat(64));
 * await service.add(diffId, { digest, sourceRepository: 'docker.io/library/busybox', hmac: '' });
 * console.log((await service.getMetadata(diffId)).length, (await service.getDiffId(digest)) === diffId); // 1 true
 * ```
 */
export function createV2MetadataService(store: MetadataStore | undefined): V2MetadataService {
  return new StoredV2Metadata(store);
}

class StoredV2Metadata implements V2MetadataService {
  readonly #store: MetadataStore | undefined;

  constructor(store: MetadataStore | undefined) {
    this.#store = store;
  }

  async getMetadata(diffId: DiffID, options?: AbortOptions): Promise<readonly V2Metadata[]> {
    if (this.#store === undefined) throw noStorage();
    return readMetadata(this.#store, diffId, options);
  }

  async getDiffId(digest: Digest, options?: AbortOptions): Promise<DiffID | undefined> {
    if (this.#store === undefined) throw noStorage();
    return readDiffId(this.#store, digest, options);
  }

  add(diffId: DiffID, metadata: V2Metadata, options?: ChangeOptions): Promise<void> {
    return this.#change(async (store) => {
      const key = digestKey(metadata.digest);
      const others = (await readMetadata(store, diffId, options)).filter((one) => !isEqual(one, metadata));
      const list = encodeV2Metadata([...others, metadata].slice(-MAX_ENTRIES));
      await store.set(BY_DIFF_ID, digestKey(diffId), list, options);
      await store.set(BY_DIGEST, key, new TextEncoder().encode(diffId), options);
    });
  }

  async tagAndAdd(
    diffId: DiffID,
    hmacKey: string | undefined,
    metadata: Omit<V2Metadata, 'hmac'>,
    options?: ChangeOptions,
  ): Promise<void> {
    const hmac = await computeV2MetadataHmac(hmacKey, metadata);
    await this.add(diffId, { ...metadata, hmac }, options);
  }

  remove(metadata: V2Metadata, options?: ChangeOptions): Promise<void> {
    return this.#change(async (store) => {
      const diffId = await readDiffId(store, metadata.digest, options);
      if (diffId === undefined) return;
      const list = await readMetadata(store, diffId, options);
      const others = list.filter((one) => !isEqual(one, metadata));
      const key = digestKey(diffId);
      if (others.length === 0) await store.delete(BY_DIFF_ID, key, options);
      else if (others.length < list.length)
        await store.set(BY_DIFF_ID, key, encodeV2Metadata(others), options);
    });
  }

  async #change(work: (store: MetadataStore) => Promise<void>): Promise<void> {
    const store = this.#store;
    if (store === undefined) return;
    const turn = (turns.get(store) ?? Promise.resolve()).then(() => work(store));
    turns.set(
      store,
      turn.catch(() => undefined),
    );
    await turn;
  }
}

/**
 * Forgets what is known of layers that are gone: where they were seen, and which blobs held them, but for blobs that are
 * still there.
 *
 * @param storage where it is kept, and the blobs
 * @param present the layers that are there
 * @param options how to end early
 *
 * @example
 * ```ts
 * import { forgetV2Metadata } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * await forgetV2Metadata(createMemoryStorage(), new Set()); // nothing is known of any layer now
 * ```
 */
export async function forgetV2Metadata(
  { content, metadata }: Pick<Storage, 'content' | 'metadata'>,
  present: ReadonlySet<DiffID>,
  options?: AbortOptions,
): Promise<void> {
  for await (const key of metadata.keys(BY_DIFF_ID, options)) {
    const diffId = digestOfKey(key);
    if (diffId !== undefined && !present.has(diffId as DiffID))
      await metadata.delete(BY_DIFF_ID, key, options);
  }
  for await (const key of metadata.keys(BY_DIGEST, options)) {
    const digest = digestOfKey(key);
    if (digest === undefined) continue;
    const diffId = await readDiffId(metadata, digest, options);
    if (diffId !== undefined && present.has(diffId)) continue;
    try {
      await content.info(digest, options);
    } catch (error) {
      if (!isStowageError(error, 'NOT_FOUND')) throw error;
      await metadata.delete(BY_DIGEST, key, options);
    }
  }
}

async function readMetadata(
  store: MetadataStore,
  diffId: DiffID,
  options: AbortOptions | undefined,
): Promise<readonly V2Metadata[]> {
  const bytes = await store.get(BY_DIFF_ID, digestKey(diffId), options);
  return bytes === undefined ? [] : decodeV2Metadata(bytes);
}

async function readDiffId(
  store: MetadataStore,
  digest: Digest,
  options: AbortOptions | undefined,
): Promise<DiffID | undefined> {
  const bytes = await store.get(BY_DIGEST, digestKey(digest), options);
  const value = bytes === undefined ? '' : new TextDecoder().decode(bytes);
  return isDigest(value) ? (value as DiffID) : undefined;
}

function isEqual(a: V2Metadata, b: V2Metadata): boolean {
  return a.digest === b.digest && a.sourceRepository === b.sourceRepository && a.hmac === b.hmac;
}

function noStorage(): StowageError {
  return new StowageError('UNSUPPORTED', 'no metadata storage');
}
