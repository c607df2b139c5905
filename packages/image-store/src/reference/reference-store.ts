import { withLock } from '@stowage/core';
import { referenceName } from '@stowage/types';
import type {
  AbortOptions,
  AddReferenceOptions,
  ImageID,
  Reference,
  ReferenceAssociation,
  ReferenceChanges,
  ReferenceStore,
  Storage,
} from '@stowage/types';
import { associationOf, doesNotExist, IndexChanges, nameOf, normalize } from './index-changes.ts';
import { LayoutIndex } from './layout-index.ts';
import type { NamedEntry } from './layout-index.ts';

const LOCK = 'index';

/** What a reference store is made of. */
export interface ReferenceStoreDeps {
  /** Whose `index.json` keeps the references. */
  readonly storage: Storage;
}

/**
 * Opens the references of a storage. They are the entries of its `index.json`: every tool that reads OCI image layouts
 * sees them by their full names. Entries that other tools put there are left as they are. The file is read anew for
 * every call and changed under a lock, so that several processes may use it.
 *
 * @param deps the storage
 * @param options how to end early
 * @throws `DATA_LOSS` when `index.json` is damaged; it is never overwritten then
 *
 * @example
 * ```ts
 * import { openReferenceStore } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 * import { asDigest, familiarString, parseNormalizedNamed } from '@stowage/types';
 * import type { ImageID } from '@stowage/types';
 *
 * const references = await openReferenceStore({ storage: createMemoryStorage() });
 * const digest = asDigest('sha256:' + '0'.repeat(64));
 * const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, size: 2 };
 * await references.addTag(parseNormalizedNamed('busybox'), digest as ImageID, false, { target });
 * for (const { reference } of await references.all()) console.log(familiarString(reference)); // busybox:latest
 * ```
 */
export async function openReferenceStore(
  { storage }: ReferenceStoreDeps,
  options?: AbortOptions,
): Promise<ReferenceStore> {
  await LayoutIndex.read(storage.metadata, options);
  return new LayoutReferences(storage);
}

class LayoutReferences implements ReferenceStore {
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  async get(reference: Reference, options?: AbortOptions): Promise<ImageID> {
    const association = await this.find(reference, options);
    if (association === undefined) throw doesNotExist();
    return association.imageId;
  }

  async find(reference: Reference, options?: AbortOptions): Promise<ReferenceAssociation | undefined> {
    const name = nameOf(reference);
    const entry = (await this.#read(options)).find(name);
    return entry && associationOf(entry);
  }

  addTag(
    reference: Reference,
    imageId: ImageID,
    force?: boolean,
    options?: AddReferenceOptions,
  ): Promise<void> {
    return this.update((changes) => changes.addTag(reference, imageId, force, options), options);
  }

  addDigest(
    reference: Reference,
    imageId: ImageID,
    force?: boolean,
    options?: AddReferenceOptions,
  ): Promise<void> {
    return this.update((changes) => changes.addDigest(reference, imageId, force, options), options);
  }

  delete(reference: Reference, options?: AbortOptions): Promise<boolean> {
    return this.update((changes) => changes.delete(reference), options);
  }

  references(imageId: ImageID, options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    return this.#list((entry) => entry.imageId === imageId, options);
  }

  async referencesByName(name: Reference, options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    const wanted = referenceName(normalize(name));
    return this.#list(({ reference }) => referenceName(reference) === wanted, options);
  }

  all(options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    return this.#list(() => true, options);
  }

  update<T>(work: (changes: ReferenceChanges) => Promise<T>, options?: AbortOptions): Promise<T> {
    const { content, metadata } = this.#storage;
    return withLock(
      this.#storage,
      LOCK,
      async () => {
        const index = await LayoutIndex.read(metadata, options);
        const result = await work(new IndexChanges(index, content));
        await index.write(metadata, options);
        return result;
      },
      options,
    );
  }

  async #list(
    wanted: (entry: NamedEntry) => boolean,
    options: AbortOptions | undefined,
  ): Promise<readonly ReferenceAssociation[]> {
    const entries = (await this.#read(options)).names.filter(wanted);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).map(associationOf);
  }

  #read(options: AbortOptions | undefined): Promise<LayoutIndex> {
    return LayoutIndex.read(this.#storage.metadata, options);
  }
}
