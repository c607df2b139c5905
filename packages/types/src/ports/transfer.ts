import type { AbortOptions } from '../bytes.ts';
import type { Descriptor } from '../descriptor.ts';
import type { DiffID } from '../digest.ts';
import type { RootFS } from '../image-config.ts';
import type { ProgressOutput } from '../progress.ts';
import type { ScannedLayer } from './layer-store.ts';

/** A layer that is in the content store now. */
export interface DownloadedLayer {
  readonly descriptor: Descriptor;
  /** What was learnt while the bytes came in; absent when not all of them passed by. */
  readonly scanned?: ScannedLayer | undefined;
}

/** How one layer is brought in; what moby calls a DownloadDescriptor. */
export interface LayerDownload {
  /** What names the work: two downloads of one key are one. */
  readonly key: string;
  /** A short name for progress. */
  readonly id: string;
  readonly descriptor: Descriptor;
  /** The DiffID, where it is known before the download. */
  diffId(options?: AbortOptions): Promise<DiffID | undefined>;
  /**
   * Brings the blob into the content store, going on from where an earlier attempt ended. Called again after an error,
   * unless it is a `DoNotRetry` or not retryable.
   */
  download(progressOutput: ProgressOutput, options?: AbortOptions): Promise<DownloadedLayer>;
  /** Told once the layer is registered. */
  registered?(diffId: DiffID): Promise<void>;
}

/** The layers of an image, registered and held. */
export interface DownloadedRootFS {
  readonly rootFS: RootFS;
  /** Lets go of the layers, once the image holds them or the pull has failed. Idempotent. */
  release(): Promise<void>;
}

/** Brings in all layers of an image. */
export interface RootFSDownloadManager {
  /**
   * Downloads layers side by side and registers them in order, base first.
   *
   * @param initialRootFS what the layers stand on; usually without layers
   * @param os the operating system of the image; empty means that of this machine
   * @param layers base first
   */
  download(
    initialRootFS: RootFS,
    os: string,
    layers: readonly LayerDownload[],
    progressOutput: ProgressOutput,
    options?: AbortOptions,
  ): Promise<DownloadedRootFS>;
}
