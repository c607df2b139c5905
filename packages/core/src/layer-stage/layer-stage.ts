import { asDigest, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Digest, DigestAlgorithm, DiffID } from '@stowage/types';
import type { Checkpoint } from '../inflate/checkpoint.ts';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import type { DecompressOptions } from '../decompress/decompress-options.ts';
import { handled } from '../stream/stage-calls.ts';
import type { TarHeader } from '../tar/tar-header.ts';
import type { TarLimits } from '../tar/tar-limits.ts';
import type { LayerFindings, LayerWork } from '../workers/layer-work.ts';
import { LazyPool, sharedPool } from '../workers/worker-pool.ts';
import type { WorkerPool } from '../workers/worker-pool.ts';

/** What {@link createLayerStage} takes. */
export interface LayerStageInit extends DecompressOptions, AbortOptions {
  /**
   * Takes the plain bytes, in order. Where it returns a promise, the next piece comes after it has resolved, and no
   * more input is taken meanwhile. The bytes are valid until the call returns; for a taker whose first call returned a
   * promise, until the promise of the call has resolved. What it throws or rejects with ends the stage.
   */
  onOutput?(bytes: Bytes): void | Promise<void>;
  /**
   * Makes the stage read the plain bytes as a tar archive, and is told of every entry, in order; of all before `end`
   * resolves, but not in step with `onOutput`. The archive is read as `scanTar` reads it, and refused as there. What it
   * throws ends the stage.
   */
  onEntry?(entry: TarHeader): void;
  /** Of that archive. */
  readonly tarLimits?: TarLimits | undefined;
  /** Of the bytes that are written. Default sha256. */
  readonly digestAlgorithm?: DigestAlgorithm | undefined;
  /** Of the plain bytes. Default sha256. */
  readonly diffIdAlgorithm?: DigestAlgorithm | undefined;
  /**
   * After how many plain bytes, at least, there is to be another checkpoint, for reading from the middle of the layer
   * later: of gzip see `createInflater`; of zstd it is the beginning of a frame, without bits and window. Default: none.
   */
  readonly checkpointEvery?: number | undefined;
  /**
   * Whether a worker does the work, so that this thread stays free: `true` for one of those that the process shares.
   * Where no worker can be had, this thread does it. Default `false`.
   */
  readonly worker?: boolean | WorkerPool | undefined;
}

/** As {@link LayerStageInit}, for bytes that somebody else hashes already. */
export interface UnhashedLayerStageInit extends Omit<LayerStageInit, 'digestAlgorithm'> {
  readonly digestAlgorithm: 'none';
}

/** What a layer turned out to be. */
export interface LayerStageResult<D extends Digest | undefined = Digest> {
  /** Of the bytes that were written; `undefined` where the algorithm is `none`. */
  readonly digest: D;
  /** How many bytes were written. */
  readonly size: number;
  /** Of the plain bytes. */
  readonly diffId: DiffID;
  /** How many plain bytes there are. */
  readonly diffSize: number;
  readonly format: CompressionFormat;
  /**
   * In the order of the plain bytes. Empty unless they were asked for and the layer is gzip, or zstd of several frames
   * that WebAssembly decoded.
   */
  readonly checkpoints: readonly Checkpoint[];
}

/**
 * Takes a layer as it comes. Await what a call returns before the next one; `cancel` may come at any time. A failure is
 * final: every later call fails with the same error.
 */
export interface LayerStage<D extends Digest | undefined = Digest> {
  /** Where the work is done. */
  readonly place: 'thread' | 'worker';
  /**
   * Takes bytes; they may be reused once the call has returned, or the promise that it returns has resolved. It returns
   * one where there is something to wait for. Rejects with `INVALID_ARCHIVE` for a corrupt stream, `UNSUPPORTED` for a
   * format that cannot be read here, `LIMIT_EXCEEDED`, `UNAVAILABLE` when the worker died; `INVALID_ARGUMENT` while
   * another call waits and after `end`. In a worker a failure may show only in a later call.
   */
  write(bytes: Bytes): void | Promise<void>;
  /** Ends the layer. Rejects as `write` does, with `INVALID_ARCHIVE` when the stream is not complete. */
  end(): Promise<LayerStageResult<D>>;
  /**
   * Gives up and frees everything; a call that waits rejects with the reason, as do all later ones. Without a reason
   * that is an `INVALID_ARGUMENT`. Idempotent; does nothing after `end`.
   */
  cancel(reason?: unknown): void;
}

/**
 * Makes the stage through which a layer passes on its way in: one look at each byte gives the digest of the blob, the
 * DiffID and the plain bytes; with `digestAlgorithm: 'none'`, the latter two. Formats, limits and errors are those of `createDecompressor`, wherever the work is done.
 *
 * @param init where output goes, the limits, and whether a worker does the work; an abort cancels the stage
 * @throws `UNSUPPORTED` for an unknown digest algorithm
 *
 * @example
 * ```ts
 * import { createLayerStage } from '@stowage/core';
 *
 * const gzipped = Uint8Array.from(atob('H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=='), (c) => c.charCodeAt(0));
 * const stage = await createLayerStage({ maxBytes: 1024 });
 * await stage.write(gzipped);
 * const { diffId, diffSize, format } = await stage.end();
 * console.log(diffId.slice(0, 15), diffSize, format); // sha256:2cf24dba 5 gzip
 * ```
 */
export function createLayerStage(init: UnhashedLayerStageInit): Promise<LayerStage<undefined>>;
export function createLayerStage(init?: LayerStageInit): Promise<LayerStage>;
export async function createLayerStage(
  init: LayerStageInit | UnhashedLayerStageInit = {},
): Promise<LayerStage<Digest | undefined>> {
  init.signal?.throwIfAborted();
  const { place, stage } = await begin(init);
  return {
    place,
    write: (bytes) => stage.write(bytes),
    end: () => handled(stage.end().then(resultOf)),
    cancel: (reason) => {
      stage.cancel(reason);
    },
  };
}

/** What both kinds of stages have in common. */
interface Stage {
  write(bytes: Bytes): void | Promise<void>;
  end(): Promise<LayerFindings>;
  cancel(reason?: unknown): void;
}

async function begin(
  init: LayerStageInit | UnhashedLayerStageInit,
): Promise<{ readonly place: LayerStage['place']; readonly stage: Stage }> {
  const { worker = false, signal } = init;
  const work = workOf(init);
  const takers = {
    onOutput: init.onOutput && ((bytes: Bytes) => init.onOutput?.(bytes)),
    onEntry: init.onEntry && ((entry: TarHeader) => init.onEntry?.(entry)),
  };
  if (worker !== false) {
    const pool = poolOf(worker);
    const { WorkerStage } = await import('./layer-stage-worker.ts');
    const stage = await WorkerStage.create({ pool, work, takers, signal });
    if (stage !== undefined) return { place: 'worker', stage };
  }
  const { ThreadStage } = await import('./layer-stage-thread.ts');
  return { place: 'thread', stage: await ThreadStage.create(work, takers, signal) };
}

function poolOf(worker: true | WorkerPool): LazyPool {
  if (worker === true) return sharedPool();
  if (worker instanceof LazyPool) return worker;
  throw new StowageError('INVALID_ARGUMENT', 'the worker pool is none that createWorkerPool has made');
}

/** The part that can be posted to a worker. */
function workOf(init: LayerStageInit | UnhashedLayerStageInit): LayerWork {
  const { maxBytes, maxRatio, format, gunzipBackend, zstdBackend, maxWindow, checkpointEvery } = init;
  const { digestAlgorithm = 'sha256', diffIdAlgorithm = 'sha256' } = init;
  return {
    maxBytes,
    maxRatio,
    format,
    gunzipBackend,
    zstdBackend,
    maxWindow,
    checkpointEvery,
    tar: init.onEntry && (init.tarLimits ?? {}),
    digest: digestAlgorithm === 'none' ? undefined : digestAlgorithm,
    diffId: diffIdAlgorithm,
  };
}

function resultOf({ digest, diffId, ...rest }: LayerFindings): LayerStageResult<Digest | undefined> {
  const blob = digest === undefined ? undefined : asDigest(digest);
  return { digest: blob, diffId: asDigest(diffId ?? '') as DiffID, ...rest };
}
