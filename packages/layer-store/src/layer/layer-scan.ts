import { createLayerStage } from '@stowage/core';
import type { CompressionFormat, LayerStageResult } from '@stowage/core';
import type { Bytes, Descriptor, LayerScan } from '@stowage/types';
import { layerEntryOf } from '../content/layer-entry.ts';
import { DEFAULT_LAYER_LIMITS } from '../content/limits.ts';
import type { LayerLimits } from '../content/limits.ts';
import { CHECKPOINT_EVERY } from '../seek/choose-checkpoints.ts';
import { SeekRecorder } from '../seek/seek-recorder.ts';
import { workerFor } from './worker-for.ts';
import type { WorkerChoice } from './worker-for.ts';

/** How layers are scanned. */
export interface ScanInit {
  readonly limits: LayerLimits;
  readonly worker: WorkerChoice;
}

/** A scan that can also tell how its layer is compressed. */
export interface FormatScan extends LayerScan {
  /** `undefined` until the scan has ended. */
  readonly format: CompressionFormat | undefined;
  /** After the end: what is to be kept of a layer that came out of this blob. `undefined` where it is too much. */
  seekIndex(blob: Pick<Descriptor, 'digest' | 'size'>): Promise<Bytes | undefined>;
}

/**
 * Begins a scan: what is written goes through the decompressor to the DiffID and to the tar scanner.
 *
 * @param size of the layer in compressed bytes, where it is known
 */
export async function beginScan({ limits, worker }: ScanInit, size = 0): Promise<FormatScan> {
  const maxIndexed = limits.maxIndexedEntries ?? DEFAULT_LAYER_LIMITS.maxIndexedEntries;
  const recorder = maxIndexed > 0 ? new SeekRecorder(maxIndexed) : undefined;
  const stage = await createLayerStage({
    digestAlgorithm: 'none',
    maxBytes: limits.maxLayerBytes ?? DEFAULT_LAYER_LIMITS.maxLayerBytes,
    maxRatio: limits.maxRatio,
    checkpointEvery: recorder === undefined ? undefined : CHECKPOINT_EVERY,
    worker: workerFor(size, worker),
    onEntry: (header) => {
      const entry = layerEntryOf(header);
      recorder?.add(entry);
    },
    tarLimits: limits.tar,
  });
  let found: LayerStageResult<undefined> | undefined;
  return {
    get format() {
      return found?.format;
    },
    async seekIndex(blob) {
      return found === undefined ? undefined : recorder?.encode(found, blob);
    },
    async write(bytes, options = {}) {
      options.signal?.throwIfAborted();
      await stage.write(bytes);
    },
    async end() {
      found = await stage.end();
      const { diffId, diffSize } = found;
      return { diffId, diffSize };
    },
    cancel() {
      stage.cancel();
      return Promise.resolve();
    },
  };
}
