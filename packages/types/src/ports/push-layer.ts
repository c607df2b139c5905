import type { AbortOptions, ByteStream } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { ChainID, DiffID } from '../digest/digest.ts';

/** A layer that is to be pushed, held until it is released; the counterpart of moby's `distribution.PushLayer`. */
export interface PushLayer {
  /** Names the layer with everything beneath it. */
  readonly chainId: ChainID;
  /** Names the layer alone. */
  readonly diffId: DiffID;
  /** The layer beneath, or `undefined` at the base. It is held by this one: releasing it does nothing. */
  parent(): PushLayer | undefined;
  /**
   * The content, of the type that `mediaType` tells. Every call gives a stream of its own from the first byte on: a push
   * may have to begin again. `DATA_LOSS` where what is stored is not what it was.
   */
  open(options?: AbortOptions): Promise<ByteStream>;
  /** The uncompressed bytes of this layer alone: what progress is counted in, and what decides how hard to look for it. */
  size(options?: AbortOptions): Promise<number>;
  /** What `open` gives: a tar, plain or compressed. */
  mediaType(): string;
  /** Gives the layer back. Idempotent, and never fails: what goes wrong is for the store to tell. */
  release: () => Promise<void>;
  /**
   * The blob that the layer came as, where it is still here: a push can then send the very same bytes. Absent for layers
   * that never were a blob.
   */
  descriptor?(): Descriptor | undefined;
}

/** Gives the layers of one operating system; the counterpart of moby's `distribution.PushLayerProvider`. */
export interface PushLayerProvider {
  /**
   * A hold on a layer. `NOT_FOUND` when there is no such layer.
   *
   * @param chainId the layer; without one, the empty layer that an image without layers stands on
   */
  get(chainId: ChainID | undefined, options?: AbortOptions): Promise<PushLayer>;
}
