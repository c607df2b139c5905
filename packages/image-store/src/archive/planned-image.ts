import type { Bytes, Descriptor, ImageID, Reference } from '@stowage/types';

/** A layer in an archive. */
export interface PlannedLayer {
  readonly path: string;
  /** What the manifest says of it, where there is one that does. */
  readonly descriptor?: Descriptor;
}

/** An image that an archive holds, before anything of it is registered. */
export interface PlannedImage {
  readonly id: ImageID;
  readonly config: Bytes;
  /** Base layer first. */
  readonly layers: readonly PlannedLayer[];
  /** The names that the archive gives it. */
  readonly references: readonly Reference[];
  /** The image that it was made from, where the archive says so. */
  readonly parent?: ImageID;
  /** Whether the parent is right whatever the histories say: it was found by the layers themselves. */
  readonly parentIsCertain?: boolean;
  /** Its manifest, where it has one. */
  readonly manifest?: { readonly descriptor: Descriptor; readonly bytes: Bytes };
}
