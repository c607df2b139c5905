import type { AbortOptions } from '@stowage/types';
import type { PushCompression } from './layer-to-push.ts';

/** How an image is pushed, beside its configuration. */
export interface PushImageOptions extends AbortOptions {
  /**
   * How layers are compressed: `gzip` or `zstd`. Layers that are compressed like that already stay as they are, the others
   * are compressed on their way, and the image gets another manifest. Default: layers go as the blobs that they came as,
   * and those that are not compressed by gzip.
   */
  readonly compression?: PushCompression | undefined;
  /** Whether the whole index goes that the image came from, with all of its images. Default `false`. */
  readonly allPlatforms?: boolean | undefined;
  /**
   * Whether a manifest of schema 1 goes to a registry that refuses the other. It takes a `trustKey` too. Default `false`.
   */
  readonly allowSchema1Push?: boolean | undefined;
}
