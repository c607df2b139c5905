import type {
  AbortOptions,
  Descriptor,
  ImageEventLogger,
  ImageID,
  ImageStore,
  LayerStore,
  LeaseManager,
  PlatformMatcher,
  ProgressOutput,
  Reference,
  ReferenceStore,
  Storage,
} from '@stowage/types';
import type { ArchiveLimits } from './archive-limits.ts';

/** Where the images of an archive go. */
export interface LoadArchiveDeps {
  /** Where blobs are kept. */
  readonly storage: Pick<Storage, 'content'>;
  readonly layers: LayerStore;
  readonly imageStore: ImageStore;
  /** Where names are kept. Only asked where names are wanted. */
  readonly references: ReferenceStore;
  /** Keeps what comes in from being collected before it belongs to an image. */
  readonly leases?: LeaseManager | undefined;
  /** Told of every image, `(id, id, 'load')`. Nobody is when left out. */
  readonly imageEventLogger?: ImageEventLogger | undefined;
}

/** How an archive is loaded. */
export interface LoadArchiveOptions extends AbortOptions {
  /**
   * Whether images get the names that the archive gives them, or which of these. Nobody vouches for the names in an
   * archive, and a name that is taken is moved. Default `false`: none; the result tells them all the same.
   */
  readonly tags?: boolean | ((reference: Reference) => boolean) | undefined;
  /** Chooses from an index within an OCI layout. Default: linux on this processor. */
  readonly platform?: PlatformMatcher | undefined;
  /** The only operating system whose images are taken, as Go's GOOS. Default: any. */
  readonly os?: string | undefined;
  /** What the archive may cost. */
  readonly limits?: ArchiveLimits | undefined;
  /** Told how layers are loaded. */
  readonly onProgress?: ProgressOutput | undefined;
  /** Told what docker prints: `Loaded image: busybox:latest`, one line without its end. */
  readonly onMessage?: ((line: string) => void) | undefined;
}

/** An image that was loaded. */
export interface LoadedImage {
  readonly id: ImageID;
  /** The names that the archive gives it, given or not, in full. */
  readonly names: readonly Reference[];
  /** Those that it was given. */
  readonly tagged: readonly Reference[];
  /** Its manifest, where the archive has one: it is in the content store, and a name may lead to it. */
  readonly manifest?: Descriptor;
}

/** What came of loading an archive. */
export interface LoadResult {
  /** In the order of the archive. */
  readonly images: readonly LoadedImage[];
}
