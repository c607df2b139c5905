import type { AbortOptions } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { ImageID } from '../digest/digest.ts';
import type { Reference } from '../reference/reference.ts';

/** A name for an image. */
export interface ReferenceAssociation {
  /** With a tag or a digest, never both. */
  readonly reference: Reference;
  /** The image that is named. */
  readonly imageId: ImageID;
  /** What the name resolves to in the content store: the image's manifest, or the index that it came from. */
  readonly target: Descriptor;
}

/** How a reference is added. */
export interface AddReferenceOptions extends AbortOptions {
  /**
   * What the name resolves to in the content store. Default: the target of another name of the same image, else the
   * image's configuration itself.
   */
  readonly target?: Descriptor | undefined;
}

/** Reads and changes single names. */
export interface ReferenceChanges {
  /** All that is known of a reference, or `undefined` where it is unknown. */
  find(reference: Reference, options?: AbortOptions): Promise<ReferenceAssociation | undefined>;
  /**
   * Names an image by tag. `INVALID_ARGUMENT` for a reference with a digest or for the name `sha256`; `CONFLICT` when
   * the tag names another image and `force` is not true.
   */
  addTag(
    reference: Reference,
    imageId: ImageID,
    force?: boolean,
    options?: AddReferenceOptions,
  ): Promise<void>;
  /** Names an image by digest. `CONFLICT` when the digest names another image, `force` or not. */
  addDigest(
    reference: Reference,
    imageId: ImageID,
    force?: boolean,
    options?: AddReferenceOptions,
  ): Promise<void>;
  /** Answers true once the reference is gone. `NOT_FOUND` when there was none. */
  delete(reference: Reference, options?: AbortOptions): Promise<boolean>;
}

/**
 * Names of images, kept in the store's `index.json` where every OCI tool can read them. A reference with both tag and
 * digest is kept, found and deleted by its digest; one with neither means `latest`.
 */
export interface ReferenceStore extends ReferenceChanges {
  /** The ID of the image that a reference names. `NOT_FOUND`. */
  get(reference: Reference, options?: AbortOptions): Promise<ImageID>;
  /** All names of an image, sorted. */
  references(imageId: ImageID, options?: AbortOptions): Promise<readonly ReferenceAssociation[]>;
  /** All references of one repository, sorted. */
  referencesByName(name: Reference, options?: AbortOptions): Promise<readonly ReferenceAssociation[]>;
  /** Every reference, sorted. */
  all(options?: AbortOptions): Promise<readonly ReferenceAssociation[]>;
  /**
   * Makes several changes in one step, between which nobody else changes anything: all of them are written at once when
   * the work is done, and none where it fails. Within it, names are changed through what it is given: the store's own
   * methods would wait for it to end.
   *
   * @param work what to do; it must not keep what it is given
   */
  update<T>(work: (changes: ReferenceChanges) => Promise<T>, options?: AbortOptions): Promise<T>;
}
