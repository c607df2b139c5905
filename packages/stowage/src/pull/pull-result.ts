import type { Descriptor, Digest, DiffID, ImageID, Platform } from '@stowage/types';

/** A layer of a pulled image. */
export interface PulledLayer extends Descriptor {
  /** The digest of the uncompressed layer; absent in an artifact. */
  readonly diffId?: DiffID;
}

/** What a pull brought. */
export interface PullResult {
  /** The full reference that was pulled, for example `docker.io/library/busybox:latest`. */
  readonly reference: string;
  /** The image's ID: the digest of its configuration. For an artifact, the digest of its manifest. */
  readonly imageId: ImageID;
  /** What the reference named: the digest of the manifest, or of the index that it was chosen from. */
  readonly digest: Digest;
  /** The platform of the image; for an artifact, the one that was asked for. */
  readonly platform: Platform;
  /** What an artifact is, as its manifest says; absent for an image. */
  readonly artifactType?: string;
  /** Base layer first. */
  readonly layers: readonly PulledLayer[];
  /** `up-to-date` when the reference named this very image before. */
  readonly status: 'downloaded' | 'up-to-date';
  /** With all tags: one result for each, in the registry's order; the other members are then those of the last. */
  readonly images?: readonly PullResult[];
}
