import {
  asDigest,
  familiarName,
  familiarString,
  formatReference,
  MEDIA_TYPES,
  parseNormalizedNamed,
  storedReference,
  StowageError,
} from '@stowage/types';
import type {
  AddReferenceOptions,
  AbortOptions,
  ContentReader,
  Descriptor,
  ImageID,
  Reference,
  ReferenceAssociation,
  ReferenceChanges,
} from '@stowage/types';
import type { LayoutIndex, NamedEntry } from './layout-index.ts';

/** A name that would read like a digest: `sha256:...`. */
const ALGORITHM_NAME = 'sha256';

/** Changes to an index that has been read and is written later, by moby's rules (`reference/store.go`). */
export class IndexChanges implements ReferenceChanges {
  readonly #index: LayoutIndex;
  readonly #content: ContentReader;

  constructor(index: LayoutIndex, content: ContentReader) {
    this.#index = index;
    this.#content = content;
  }

  find(reference: Reference): Promise<ReferenceAssociation | undefined> {
    return new Promise((resolve) => {
      const entry = this.#index.find(nameOf(reference));
      resolve(entry && associationOf(entry));
    });
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

  delete(reference: Reference): Promise<boolean> {
    return new Promise((resolve) => {
      const name = nameOf(reference);
      if (this.#index.find(name) === undefined) throw doesNotExist();
      this.#index.remove(name);
      resolve(true);
    });
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
    const existing = this.#index.find(formatReference(reference));
    if (existing !== undefined && existing.imageId !== imageId) refuse(existing, force);
    const kept = existing?.imageId === imageId ? existing.target : undefined;
    const meant = target ?? kept ?? (await this.#defaultTarget(imageId, options));
    this.#index.set(reference, imageId, meant);
  }

  /** What another name of the image resolves to, else its configuration. */
  async #defaultTarget(imageId: ImageID, options: AbortOptions): Promise<Descriptor> {
    const other = this.#index.names.find((entry) => entry.imageId === imageId);
    if (other !== undefined) return other.target;
    const { size } = await this.#content.info(imageId, options);
    return { mediaType: MEDIA_TYPES.ociConfig, digest: imageId, size };
  }
}

/** The form in which a reference is stored; `INVALID_REFERENCE` where it has no name or is malformed. */
export function normalize(reference: Reference): Reference {
  const parsed = parseNormalizedNamed(formatReference(reference));
  // A digest alone reads like a tag of the name `sha256`, and a path may have been given a tag of its own.
  if (parsed.tag !== reference.tag || parsed.digest !== reference.digest) {
    throw new StowageError('INVALID_REFERENCE', 'invalid reference format');
  }
  return storedReference(parsed);
}

/** The name that a reference is stored under; `INVALID_REFERENCE`. */
export function nameOf(reference: Reference): string {
  return formatReference(normalize(reference));
}

/** What is told of an entry. */
export function associationOf({ reference, imageId, target }: NamedEntry): ReferenceAssociation {
  return { reference, imageId, target };
}

/** What moby says of references that are not there. */
export function doesNotExist(): StowageError {
  return new StowageError('NOT_FOUND', 'reference does not exist');
}

/** Whether a name may be given to another image: a digest never, a tag by force. */
function refuse({ reference, imageId }: NamedEntry, force: boolean): void {
  if (reference.digest !== undefined) {
    throw new StowageError('CONFLICT', `Cannot overwrite digest ${reference.digest}`);
  }
  if (!force) {
    throw new StowageError(
      'CONFLICT',
      `Conflict: Tag ${familiarString(reference)} is already set to image ${imageId}, if you want to replace it, please use the force option`,
    );
  }
}

function checkTarget({ digest, mediaType, size }: Descriptor): void {
  asDigest(digest);
  if (mediaType === '' || !Number.isSafeInteger(size) || size < 0) {
    throw new StowageError('INVALID_ARGUMENT', `invalid descriptor of ${digest}`);
  }
}
