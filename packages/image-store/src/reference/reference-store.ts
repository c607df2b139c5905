import { withLock } from '@stowage/core';
import {
  asDigest,
  familiarName,
  formatReference,
  MEDIA_TYPES,
  parseNormalizedNamed,
  referenceName,
  storedReference,
  StowageError,
} from '@stowage/types';
import type {
  AbortOptions,
  AddReferenceOptions,
  Descriptor,
  ImageID,
  Reference,
  ReferenceAssociation,
  ReferenceStore,
  Storage,
} from '@stowage/types';
import { LayoutIndex } from './layout-index.ts';
import type { NamedEntry } from './layout-index.ts';

const LOCK = 'index';
/** A name that would read like a digest: `sha256:...`. */
const ALGORITHM_NAME = 'sha256';

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
    const name = formatReference(normalize(reference));
    const entry = (await this.#read(options)).find(name);
    return entry && associationOf(entry);
  }

  async addTag(
    reference: Reference,
    imageId: ImageID,
    force = false,
    options: AddReferenceOptions = {},
  ): Promise<void> {
    if (reference.digest !== undefined) {
      throw new StowageError('INVALID_ARGUMENT', 'refusing to create a tag with a digest reference');
    }
    await this.#add(normalize(reference), imageId, force, options);
  }

  async addDigest(
    reference: Reference,
    imageId: ImageID,
    force = false,
    options: AddReferenceOptions = {},
  ): Promise<void> {
    if (reference.digest === undefined) {
      throw new StowageError('INVALID_ARGUMENT', 'refusing to create a digest reference without a digest');
    }
    await this.#add(normalize(reference), imageId, force, options);
  }

  delete(reference: Reference, options?: AbortOptions): Promise<boolean> {
    const name = formatReference(normalize(reference));
    return this.#change(options, (index) => {
      if (index.find(name) === undefined) throw doesNotExist();
      index.remove(name);
      return true;
    });
  }

  async references(imageId: ImageID, options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    return this.#list((entry) => entry.imageId === imageId, options);
  }

  async referencesByName(name: Reference, options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    const wanted = referenceName(normalize(name));
    return this.#list(({ reference }) => referenceName(reference) === wanted, options);
  }

  async all(options?: AbortOptions): Promise<readonly ReferenceAssociation[]> {
    return this.#list(() => true, options);
  }

  async #list(
    wanted: (entry: NamedEntry) => boolean,
    options: AbortOptions | undefined,
  ): Promise<readonly ReferenceAssociation[]> {
    const entries = (await this.#read(options)).names.filter(wanted);
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1)).map(associationOf);
  }

  async #add(
    reference: Reference,
    imageId: ImageID,
    force: boolean,
    { target, ...options }: AddReferenceOptions,
  ): Promise<void> {
    if (familiarName(reference) === ALGORITHM_NAME) {
      throw new StowageError(
        'INVALID_ARGUMENT',
        'refusing to create an ambiguous tag using digest algorithm as name',
      );
    }
    asDigest(imageId);
    if (target !== undefined) checkTarget(target);
    await this.#change(options, async (index) => {
      const existing = index.find(formatReference(reference));
      if (existing !== undefined && existing.imageId !== imageId) refuse(existing, force);
      const kept = existing?.imageId === imageId ? existing.target : undefined;
      const meant = target ?? kept ?? (await this.#defaultTarget(index, imageId, options));
      index.set(reference, imageId, meant);
    });
  }

  /** What another name of the image resolves to, else its configuration. */
  async #defaultTarget(index: LayoutIndex, imageId: ImageID, options: AbortOptions): Promise<Descriptor> {
    const other = index.names.find((entry) => entry.imageId === imageId);
    if (other !== undefined) return other.target;
    const { size } = await this.#storage.content.info(imageId, options);
    return { mediaType: MEDIA_TYPES.ociConfig, digest: imageId, size };
  }

  #read(options: AbortOptions | undefined): Promise<LayoutIndex> {
    return LayoutIndex.read(this.#storage.metadata, options);
  }

  #change<T>(options: AbortOptions | undefined, change: (index: LayoutIndex) => Promise<T> | T): Promise<T> {
    const { metadata } = this.#storage;
    return withLock(
      this.#storage,
      LOCK,
      async () => {
        const index = await LayoutIndex.read(metadata, options);
        const result = await change(index);
        await index.write(metadata, options);
        return result;
      },
      options,
    );
  }
}

/** The form in which a reference is stored; `INVALID_REFERENCE` where it has no name or is malformed. */
function normalize(reference: Reference): Reference {
  return storedReference(parseNormalizedNamed(formatReference(reference)));
}

/** Whether a name may be given to another image: a digest never, a tag by force. */
function refuse({ reference, name, imageId }: NamedEntry, force: boolean): void {
  if (reference.digest !== undefined) {
    throw new StowageError('CONFLICT', `Cannot overwrite digest ${reference.digest}`);
  }
  if (!force) {
    throw new StowageError(
      'CONFLICT',
      `Conflict: Tag ${name} is already set to image ${imageId}, if you want to replace it, please use the force option`,
    );
  }
}

function checkTarget({ digest, mediaType, size }: Descriptor): void {
  asDigest(digest);
  if (mediaType === '' || !Number.isSafeInteger(size) || size < 0) {
    throw new StowageError('INVALID_ARGUMENT', `invalid descriptor of ${digest}`);
  }
}

function associationOf({ reference, imageId, target }: NamedEntry): ReferenceAssociation {
  return { reference, imageId, target };
}

function doesNotExist(): StowageError {
  return new StowageError('NOT_FOUND', 'reference does not exist');
}
