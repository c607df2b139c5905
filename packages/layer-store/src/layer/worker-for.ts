import type { WorkerPool } from '@stowage/core';

/** Whether workers inflate large layers, so that several cores are used; or the pool whose workers do. */
export type WorkerChoice = boolean | WorkerPool;

/** From how many compressed bytes on a worker pays: starting one takes as long as inflating some MiB. */
const WORTH_A_WORKER = 4 * 1024 * 1024;

/** The worker for a layer of so many compressed bytes. */
export function workerFor(size: number, choice: WorkerChoice): WorkerChoice {
  return size >= WORTH_A_WORKER && choice;
}
