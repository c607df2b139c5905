import type { LeasingPool, WorkerPoolInit } from './worker-leasing.ts';

/**
 * Workers that are started when they are needed, shared and used again. They do not keep a process alive beyond the
 * calls that wait for them, and end by themselves after ten seconds without work.
 */
export interface WorkerPool {
  /**
   * Ends all workers; stages that run in them fail with `UNAVAILABLE`. The pool starts new ones when it is used again.
   */
  close(): Promise<void>;
}

/** The one implementation of {@link WorkerPool}; what starts workers is loaded when one is asked for. */
export class LazyPool implements WorkerPool {
  readonly init: WorkerPoolInit;
  /** Set by the first stage that asks for a worker. */
  leasing: LeasingPool | undefined;

  constructor(init: WorkerPoolInit) {
    this.init = init;
  }

  async close(): Promise<void> {
    await this.leasing?.close();
  }
}

/**
 * Makes a pool of workers for layer stages: only where the shared one of `worker: true` does not do, as in a page whose
 * policy forbids `blob:` workers.
 *
 * @param init how workers are made, and how many
 *
 * @example
 * ```ts
 * import { createLayerStage, createWorkerPool } from '@stowage/core';
 *
 * // In a page: create: () => new Worker('/stowage-worker.js', { type: 'module' })
 * const pool = createWorkerPool({ size: 1 });
 * const stage = await createLayerStage({ worker: pool });
 * await stage.write(new TextEncoder().encode('a layer'));
 * console.log((await stage.end()).size); // 7
 * await pool.close();
 * ```
 */
export function createWorkerPool(init: WorkerPoolInit = {}): WorkerPool {
  return new LazyPool(init);
}

let shared: LazyPool | undefined;

/** The pool of `worker: true`. */
export function sharedPool(): LazyPool {
  return (shared ??= new LazyPool({}));
}

/**
 * Ends the workers that stages with `worker: true` share; stages that still run in them fail with `UNAVAILABLE`. Need
 * not be called for a process to end.
 *
 * @example
 * ```ts
 * import { closeWorkers, createLayerStage } from '@stowage/core';
 *
 * const stage = await createLayerStage({ worker: true });
 * console.log(stage.place); // worker
 * stage.cancel();
 * await closeWorkers();
 * ```
 */
export async function closeWorkers(): Promise<void> {
  await shared?.close();
}
