import type { AbortOptions } from '../bytes.ts';
import type { Descriptor } from '../document/descriptor.ts';
import type { DiffID } from '../digest/digest.ts';
import type { RootFS } from '../document/image-config.ts';
import type { ProgressOutput } from '../progress/progress.ts';
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
  /** The DiffID, where it is known before the download: the layer may then be registered already. */
  diffId(options?: AbortOptions): Promise<DiffID | undefined>;
  /**
   * Brings the blob into the content store, going on from where an earlier attempt ended. It is called again after an
   * error, unless the error says that this is of no use.
   */
  download(progressOutput: ProgressOutput, options?: AbortOptions): Promise<DownloadedLayer>;
  /** Told once the layer is registered, also where it was before. */
  registered?(diffId: DiffID): Promise<void>;
}

/** The layers of an image, registered and held. */
export interface DownloadedRootFS {
  readonly rootFS: RootFS;
  /** Lets go of the layers, once the image holds them or the pull has failed. Idempotent. */
  readonly release: () => Promise<void>;
}

/** Brings in all layers of an image; the counterpart of moby's `distribution.RootFSDownloadManager`. */
export interface RootFSDownloadManager {
  /**
   * Downloads layers side by side and registers them in order, base first. Layers that are registered already are not
   * downloaded, and work that is under way for somebody else is shared. Rejects with the error of the first layer that
   * fails; what was registered until then is let go of.
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
  /**
   * Downloads blobs side by side and makes no layers of them: those of an artifact, or of an image whose layers are left
   * for its first use. What is under way for somebody else is shared. Rejects with the error of the first that fails.
   * A manager that knows of layers alone leaves it out.
   *
   * @param blobs each key once is enough
   */
  downloadBlobs?(
    blobs: readonly LayerDownload[],
    progressOutput: ProgressOutput,
    options?: AbortOptions,
  ): Promise<void>;
}

/** How one layer is sent; the counterpart of moby's `xfer.UploadDescriptor`. */
export interface LayerUpload {
  /** What names the work: two uploads of one key are one, to one repository. */
  readonly key: string;
  /** A short name for progress. */
  readonly id: string;
  /** The layer. */
  readonly diffId: DiffID;
  /**
   * Makes sure that the registry has the layer: finds it there, mounts it from another repository, or sends it. It is
   * called again after an error, unless the error says that this is of no use.
   *
   * @returns the blob as it is in the registry
   */
  upload(progressOutput: ProgressOutput, options?: AbortOptions): Promise<Descriptor>;
  /**
   * Told of the blob as it is in the registry, once every layer of the call is there; also one that another layer of the
   * same key was sent for. It must not throw.
   */
  setRemoteDescriptor?(descriptor: Descriptor): void;
}

/** Sends all layers of an image; the counterpart of moby's `xfer.LayerUploadManager`. */
export interface LayerUploadManager {
  /**
   * Uploads layers side by side. Layers of one key are sent once, within the call and beside other calls. Rejects with
   * the error of the first layer, in the order given, that fails.
   *
   * @param layers top layer first, as a push looks for them
   * @returns the blobs, in the order of `layers`
   */
  upload(
    layers: readonly LayerUpload[],
    progressOutput: ProgressOutput,
    options?: AbortOptions,
  ): Promise<readonly Descriptor[]>;
}
