import type { AbortOptions, Bytes } from '../bytes.ts';
import type { ImageID } from '../digest/digest.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { ImageConfig } from '../document/image-config.ts';
import type { LayerMetadata } from './layer-store.ts';

/** An image: its configuration and where it stands among others. */
export interface Image {
  /** The digest of `raw`. */
  readonly id: ImageID;
  /** The configuration, parsed. */
  readonly config: ImageConfig;
  /** The configuration as stored; hashes to `id`. */
  readonly raw: Bytes;
  /** The image that this one was built on, where both are here and somebody said so. */
  readonly parent?: ImageID;
  /** When the image was last pulled or tagged, milliseconds since the epoch. */
  readonly lastUpdated?: number;
  /**
   * The blobs of its layers, base first, where these are stored and not registered: the image was pulled by its digests
   * only. Nobody has inflated them yet. Absent where the layers are registered.
   */
  readonly pending?: readonly Descriptor[];
}

/** How an image is added. */
export interface CreateImageOptions extends AbortOptions {
  /** When the image was pulled or made, milliseconds since the epoch: noted for one that is there already too. */
  readonly lastUpdated?: number | undefined;
  /**
   * The stored blobs of the layers, base first, one for each DiffID: the layers need not be registered then. They are
   * remembered until the image is created without them, which is how it is told that the layers are registered now.
   */
  readonly pending?: readonly Descriptor[] | undefined;
}

/** Images by ID. Each image holds one reference on its top layer, once that is registered, for as long as it is in the store. */
export interface ImageStore {
  /**
   * Adds an image whose layers are all registered, or pending. An image that is there already is success.
   * `INVALID_MANIFEST` for a malformed configuration, `NOT_FOUND` for a missing layer, `INVALID_ARGUMENT` for what is no
   * time, and for pending blobs that are not as many as the layers.
   *
   * @param config the configuration's bytes
   */
  create(config: Bytes, options?: CreateImageOptions): Promise<ImageID>;
  /** `NOT_FOUND`; `DATA_LOSS` when the stored bytes no longer hash to the ID. */
  get(id: ImageID, options?: AbortOptions): Promise<Image>;
  /** Finds an image by a prefix of its ID, with or without `sha256:`. `NOT_FOUND`, `AMBIGUOUS`. */
  search(prefix: string, options?: AbortOptions): Promise<ImageID>;
  /**
   * Removes an image, or many at once; children of theirs that stay lose their parent. Returns the layers that went with
   * them. `NOT_FOUND` for one that is not there; of many, those that are not there are passed over.
   */
  delete(ids: ImageID | readonly ImageID[], options?: AbortOptions): Promise<readonly LayerMetadata[]>;
  /** Says what an image was built on. `NOT_FOUND` when either is unknown. */
  setParent(id: ImageID, parent: ImageID, options?: AbortOptions): Promise<void>;
  /** The parent, or `undefined` where there is none. `NOT_FOUND`. */
  getParent(id: ImageID, options?: AbortOptions): Promise<ImageID | undefined>;
  /** The images whose parent this is, in no order; none for an unknown image. */
  children(id: ImageID, options?: AbortOptions): Promise<readonly ImageID[]>;
  /** The images without children, in no order. */
  heads(options?: AbortOptions): Promise<readonly ImageID[]>;
  /** Every image that can be read; damaged ones are left out. */
  map(options?: AbortOptions): Promise<ReadonlyMap<ImageID, Image>>;
  /** Notes when an image was last pulled or tagged, milliseconds since the epoch. `NOT_FOUND`. */
  setLastUpdated(id: ImageID, at: number, options?: AbortOptions): Promise<void>;
}
