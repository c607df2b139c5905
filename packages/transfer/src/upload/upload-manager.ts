import { systemClock } from '@stowage/core';
import type {
  AbortOptions,
  Clock,
  Descriptor,
  LayerUpload,
  LayerUploadManager,
  ProgressOutput,
} from '@stowage/types';
import { checkAttempts, DEFAULT_MAX_ATTEMPTS, withRetries } from '../retry/retry.ts';
import { untilAborted } from '../shared/abort.ts';
import { createTransferManager } from '../shared/transfer-manager.ts';
import type { TransferManager } from '../shared/transfer-manager.ts';
import type { TransferJob, Watcher } from '../shared/transfer.ts';

/** How many layers are uploaded at once unless told otherwise, as in docker. */
const DEFAULT_CONCURRENCY = 5;

/** What an upload manager is made of. */
export interface UploadManagerInit {
  /** How many layers are uploaded at once; 0 for no limit. Default 5. */
  readonly concurrency?: number | undefined;
  /** How many times an upload is tried in all, at least 1. Default 5. */
  readonly maxAttempts?: number | undefined;
  /** Waits between tries. Default: the system's. */
  readonly clock?: Clock | undefined;
}

/** Sends all layers of an image; its limit can be changed while it works. */
export interface ConcurrentUploadManager extends LayerUploadManager {
  /** Changes how many layers are uploaded at once, for uploads asked for from now on; 0 for no limit. */
  setConcurrency(concurrency: number): void;
}

/**
 * Makes an upload manager, with the behaviour and the words of progress of moby 20.10. Pushes that go on at the same
 * time share uploads of one key. A push that is aborted, or fails, leaves the shared work to the others; what nobody else
 * wants is aborted. A failed upload is tried again after 5, 10, 15 and 20 seconds, unless its error says that this is of
 * no use.
 *
 * `upload` of the result rejects with the error of the first layer, in the order given, that fails, or the reason of the
 * caller's signal.
 *
 * @throws `INVALID_ARGUMENT` unless `concurrency` is a whole number of at least 0 and `maxAttempts` one of at least 1
 *
 * @example
 * ```ts
 * import { createUploadManager } from '@stowage/transfer';
 * import { asDigest } from '@stowage/types';
 * import type { DiffID, LayerUpload } from '@stowage/types';
 *
 * const digest = asDigest('sha256:' + 'a'.repeat(64));
 * const layer: LayerUpload = {
 *   key: 'v2push:registry.example/app ' + digest,
 *   id: 'aaaaaaaaaaaa',
 *   diffId: digest as DiffID,
 *   upload: async () => ({ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest, size: 1024 }),
 * };
 * const manager = createUploadManager({ concurrency: 2 });
 * const [blob] = await manager.upload([layer], () => {});
 * console.log(blob?.size); // 1024
 * ```
 */
export function createUploadManager(init: UploadManagerInit = {}): ConcurrentUploadManager {
  return new Manager(init);
}

class Manager implements ConcurrentUploadManager {
  readonly #uploads: TransferManager;
  readonly #maxAttempts: number;
  readonly #clock: Clock;

  constructor(init: UploadManagerInit) {
    const {
      concurrency = DEFAULT_CONCURRENCY,
      maxAttempts = DEFAULT_MAX_ATTEMPTS,
      clock = systemClock,
    } = init;
    this.#maxAttempts = checkAttempts(maxAttempts, 1);
    this.#uploads = createTransferManager({ concurrency });
    this.#clock = clock;
  }

  setConcurrency(concurrency: number): void {
    this.#uploads.setConcurrency(concurrency);
  }

  async upload(
    layers: readonly LayerUpload[],
    progressOutput: ProgressOutput,
    options: AbortOptions = {},
  ): Promise<readonly Descriptor[]> {
    options.signal?.throwIfAborted();
    const watchers = this.#start(layers, progressOutput);
    try {
      const blobs = new Map<string, Descriptor>();
      for (const [key, { done }] of watchers) blobs.set(key, await untilAborted(done, options.signal));
      return layers.map((layer) => {
        const blob = blobs.get(layer.key) as Descriptor;
        layer.setRemoteDescriptor?.(blob);
        return blob;
      });
    } finally {
      for (const watcher of watchers.values()) void watcher.release();
    }
  }

  /** Starts or joins one upload for each key, in the order of the layers. */
  #start(
    layers: readonly LayerUpload[],
    progressOutput: ProgressOutput,
  ): ReadonlyMap<string, Watcher<Descriptor>> {
    const watchers = new Map<string, Watcher<Descriptor>>();
    for (const layer of layers) {
      const { key, id } = layer;
      progressOutput({ id, action: 'Preparing', phase: 'queued' });
      if (watchers.has(key)) continue;
      const queued = { id, action: 'Waiting', phase: 'queued' } as const;
      const { watcher } = this.#uploads.transfer(key, this.#job(layer), progressOutput, { queued });
      watchers.set(key, watcher);
    }
    return watchers;
  }

  #job(layer: LayerUpload): TransferJob<Descriptor> {
    return ({ signal, progress }) =>
      withRetries(() => layer.upload(progress, { signal }), {
        id: layer.id,
        noun: 'upload',
        retries: this.#maxAttempts - 1,
        clock: this.#clock,
        progress,
        signal,
      });
  }
}
