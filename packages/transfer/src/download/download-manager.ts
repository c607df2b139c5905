import { chainId, hostPlatform, systemClock } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Clock,
  DiffID,
  DownloadedRootFS,
  Layer,
  LayerDownload,
  LayerStore,
  ProgressOutput,
  RootFS,
  RootFSDownloadManager,
} from '@stowage/types';
import { bringInBlobs } from './blob-downloads.ts';
import { findExistingLayers } from './existing-layers.ts';
import { bringInMissingLayers } from './missing-layers.ts';
import type { MissingLayersDeps } from './missing-layers.ts';
import { checkAttempts, DEFAULT_MAX_ATTEMPTS } from '../retry/retry.ts';
import { createTransferManager } from '../shared/transfer-manager.ts';

/** The most layers that a layer store takes on top of one another. */
const MAX_DEPTH = 125;

/** What a download manager is made of. */
export interface DownloadManagerInit {
  readonly layerStore: LayerStore;
  /** How many blobs are downloaded at once; 0 for no limit. Default 3. */
  readonly concurrency?: number | undefined;
  /** How many times a failed download is tried again: as in moby 20.10, one more try than the number says. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** Waits between tries. Default: the system's. */
  readonly clock?: Clock | undefined;
  /** The operating systems whose images are taken, as Go's GOOS. Default: any, since layers are only kept here. */
  readonly operatingSystems?: readonly string[] | undefined;
}

/** Brings in all layers of an image; its limit can be changed while it works. */
export interface LayerDownloadManager extends RootFSDownloadManager {
  /** Changes how many blobs are downloaded at once, for downloads asked for from now on; 0 for no limit. */
  setConcurrency(concurrency: number): void;
}

/**
 * Makes a download manager over a layer store, with the behaviour and the words of progress of moby 20.10. Pulls that
 * go on at the same time share their work twice over: a blob is downloaded once whatever it stands on, and a stack that
 * begins with the same layers is registered once. A pull that is aborted, or fails, leaves the shared work to the
 * others; what nobody else wants is aborted.
 *
 * `download` of the result rejects with `UNSUPPORTED` for an operating system that is not taken, `LIMIT_EXCEEDED` for
 * more than 125 layers, the error of the first layer that fails, or the reason of the caller's signal.
 *
 * @throws `INVALID_ARGUMENT` unless `concurrency` and `maxAttempts` are whole numbers of at least 0
 *
 * @example
 * ```ts
 * import { createDownloadManager } from '@stowage/transfer';
 * import type { LayerStore } from '@stowage/types';
 *
 * const layerStore = {} as LayerStore; // a real one comes from openLayerStore({ storage })
 * const manager = createDownloadManager({ layerStore, concurrency: 4 });
 * const pulled = await manager.download({ type: 'layers', diff_ids: [] }, 'linux', [], () => {});
 * console.log(pulled.rootFS.diff_ids.length); // 0
 * await pulled.release();
 * ```
 */
export function createDownloadManager(init: DownloadManagerInit): LayerDownloadManager {
  return new Manager(init);
}

class Manager implements LayerDownloadManager {
  readonly #deps: MissingLayersDeps;
  readonly #operatingSystems: readonly string[] | undefined;

  constructor(init: DownloadManagerInit) {
    const { layerStore, concurrency, maxAttempts = DEFAULT_MAX_ATTEMPTS, clock = systemClock } = init;
    checkAttempts(maxAttempts, 0);
    const downloads = createTransferManager({ concurrency });
    const registrations = createTransferManager({ concurrency: 0 });
    this.#deps = { layerStore, downloads, registrations, maxAttempts, clock };
    this.#operatingSystems = init.operatingSystems;
  }

  setConcurrency(concurrency: number): void {
    this.#deps.downloads.setConcurrency(concurrency);
  }

  async download(
    initialRootFS: RootFS,
    os: string,
    layers: readonly LayerDownload[],
    progressOutput: ProgressOutput,
    options: AbortOptions = {},
  ): Promise<DownloadedRootFS> {
    options.signal?.throwIfAborted();
    if (this.#operatingSystems?.includes(os === '' ? hostPlatform().os : os) === false) {
      throw new StowageError('UNSUPPORTED', 'operating system is not supported');
    }
    if (initialRootFS.diff_ids.length + layers.length > MAX_DEPTH) {
      throw new StowageError('LIMIT_EXCEEDED', 'max depth exceeded');
    }
    const { layerStore } = this.#deps;
    const base = initialRootFS.diff_ids.length === 0 ? undefined : chainId(initialRootFS.diff_ids);
    const { count, top } = await findExistingLayers(layerStore, base, layers, progressOutput, options);
    if (count === layers.length) return await this.#hold(initialRootFS, count, top);
    const foundation = top?.chainId ?? base;
    try {
      const stack = { layers, existing: count, base, foundation };
      const newTop = await bringInMissingLayers(stack, this.#deps, progressOutput, options);
      return await this.#hold(initialRootFS, layers.length, newTop);
    } finally {
      if (top !== undefined) await layerStore.release(top);
    }
  }

  async downloadBlobs(
    blobs: readonly LayerDownload[],
    progressOutput: ProgressOutput,
    options: AbortOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    await bringInBlobs(blobs, this.#deps, progressOutput, options);
  }

  /** The result: the layers by the parents of the top one, which stays held until it is let go. */
  async #hold(initialRootFS: RootFS, count: number, top: Layer | undefined): Promise<DownloadedRootFS> {
    const { layerStore } = this.#deps;
    let held = top;
    const release = async (): Promise<void> => {
      const layer = held;
      held = undefined;
      if (layer !== undefined) await layerStore.release(layer);
    };
    const diffIds: DiffID[] = [];
    for (let layer = top; diffIds.length < count; layer = layer.parent) {
      if (layer === undefined) {
        await release();
        throw new StowageError('DATA_LOSS', 'internal error: too few parent layers');
      }
      diffIds.unshift(layer.diffId);
    }
    return { rootFS: { ...initialRootFS, diff_ids: [...initialRootFS.diff_ids, ...diffIds] }, release };
  }
}
