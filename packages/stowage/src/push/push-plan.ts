import type { AbortOptions, Bytes, ByteStream, Descriptor } from '@stowage/types';
import type { LayerToPush } from './layer-to-push.ts';

/** A manifest or index to put. */
export interface PushDocument {
  readonly bytes: Bytes;
  readonly mediaType: string;
}

/** One image on its way. */
export interface PlannedImage {
  /** Base first. */
  readonly layers: readonly LayerToPush[];
  /** The configuration, or what stands in its place in an artifact. */
  readonly config: Descriptor;
  openConfig(offset: number, options?: AbortOptions): Promise<ByteStream>;
  /** The manifest, once the layers are in the registry as these blobs. */
  manifest(layers: readonly Descriptor[]): PushDocument;
}

/** All that one tag takes. */
export interface PushPlan {
  readonly images: readonly PlannedImage[];
  /** The indexes over them, inner ones first; none for an image alone. */
  readonly indexes: readonly PushDocument[];
}
