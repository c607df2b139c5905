import type { AbortOptions } from '../bytes.ts';
import type { Digest, DiffID } from '../digest/digest.ts';
import type { ChangeOptions } from './change-options.ts';

/** Where a layer was seen as a blob; the counterpart of moby's `metadata.V2Metadata`. */
export interface V2Metadata {
  /** The blob. */
  readonly digest: Digest;
  /** The repository that has it, by its full name, for example `docker.io/library/busybox`; empty where unknown. */
  readonly sourceRepository: string;
  /**
   * Tells, without giving the credentials away, whether the blob was seen with the same ones: hexadecimal, empty where
   * there were none, and after a pull.
   */
  readonly hmac: string;
}

/** Which blobs layers came as, and went out as; the counterpart of moby's `metadata.V2MetadataService`. */
export interface V2MetadataService {
  /**
   * Where a layer was seen, the latest last; nothing where that is unknown or what is kept is damaged. `UNSUPPORTED`
   * where nothing is kept at all.
   */
  getMetadata(diffId: DiffID, options?: AbortOptions): Promise<readonly V2Metadata[]>;
  /**
   * The layer that a blob holds; `undefined` where that is unknown or what is kept is damaged. `UNSUPPORTED` where
   * nothing is kept at all.
   */
  getDiffId(digest: Digest, options?: AbortOptions): Promise<DiffID | undefined>;
  /** Notes where a layer was seen. The latest 50 are kept; one that was noted before is the latest again. */
  add(diffId: DiffID, metadata: V2Metadata, options?: ChangeOptions): Promise<void>;
  /**
   * Notes where a layer was seen with the credentials that a key was made of.
   *
   * @param hmacKey `computeV2MetadataHmacKey` of the credentials; `undefined` for none
   */
  tagAndAdd(
    diffId: DiffID,
    hmacKey: string | undefined,
    metadata: Omit<V2Metadata, 'hmac'>,
    options?: ChangeOptions,
  ): Promise<void>;
  /** Forgets what equals this in every member. Which layer the blob holds stays known. */
  remove(metadata: V2Metadata, options?: ChangeOptions): Promise<void>;
}
