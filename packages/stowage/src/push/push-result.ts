import type { Descriptor, Digest, DiffID, ImageID } from '@stowage/types';

/** A layer of a pushed image, as it is in the registry. */
export interface PushedLayer extends Descriptor {
  /** The digest of the uncompressed layer; of a layer that has none, that of the blob. */
  readonly diffId: DiffID;
}

/** What a push made. */
export interface PushResult {
  /** The full reference that was pushed, for example `docker.io/library/busybox:latest`. */
  readonly reference: string;
  /** The image's ID. */
  readonly imageId: ImageID;
  /** The manifest, or index, that the tag names in the registry now. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of that manifest or index. */
  readonly size: number;
  /** Base layer first; with all platforms, those of every image. */
  readonly layers: readonly PushedLayer[];
  /** With all tags: one result for each, sorted; the other members are then those of the last. */
  readonly images?: readonly PushResult[];
}
