import type { Descriptor, Image, ImageID, Layer, Reference } from '@stowage/types';

/** An image that is being saved; its layers are held. */
export interface SavedImage {
  readonly image: Image;
  /** Base first. */
  readonly layers: readonly Layer[];
  readonly tags: readonly Reference[];
  /** What names of it lead to. */
  readonly targets: readonly Descriptor[];
  /** The image that it was made from, where that is saved too. */
  readonly parent?: ImageID | undefined;
}
