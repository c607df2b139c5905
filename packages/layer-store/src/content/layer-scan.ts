import { createLayerStage, scanTar } from '@stowage/core';
import type { CompressionFormat, WorkerPool } from '@stowage/core';
import type { LayerScan } from '@stowage/types';
import { layerEntryOf } from './layer-entry.ts';
import { DEFAULT_LAYER_LIMITS } from './limits.ts';
import type { LayerLimits } from './limits.ts';

/** How layers are scanned. */
export interface ScanInit {
  readonly limits: LayerLimits;
  /** Whether workers inflate large layers, so that several cores are used; or the pool whose workers do. */
  readonly worker: boolean | WorkerPool;
}

/** A scan that can also tell how its layer is compressed. */
export interface FormatScan extends LayerScan {
  /** `undefined` until the scan has ended. */
  readonly format: CompressionFormat | undefined;
}

/** From how many compressed bytes on a worker pays: starting one takes as long as inflating some MiB. */
const WORTH_A_WORKER = 4 * 1024 * 1024;

/**
 * Begins a scan: what is written goes through the decompressor to the DiffID and to the tar scanner.
 *
 * @param size of the layer in compressed bytes, where it is known
 */
export async function beginScan({ limits, worker }: ScanInit, size = 0): Promise<FormatScan> {
  const tar = scanTar({
    onEntry: (header) => {
      layerEntryOf(header);
    },
    limits: limits.tar,
  });
  const stage = await createLayerStage({
    digestAlgorithm: 'none',
    maxBytes: limits.maxLayerBytes ?? DEFAULT_LAYER_LIMITS.maxLayerBytes,
    maxRatio: limits.maxRatio,
    worker: size >= WORTH_A_WORKER && worker,
    onOutput: (bytes) => {
      tar.write(bytes);
    },
  });
  let found: CompressionFormat | undefined;
  return {
    get format() {
      return found;
    },
    async write(bytes, options = {}) {
      options.signal?.throwIfAborted();
      await stage.write(bytes);
    },
    async end() {
      const { diffId, diffSize, format } = await stage.end();
      tar.end();
      found = format;
      return { diffId, diffSize };
    },
    cancel() {
      stage.cancel();
      return Promise.resolve();
    },
  };
}
