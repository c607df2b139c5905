import { StowageError } from '@stowage/types';
import { runtimeProcess } from '../platform/platform.ts';
import { workerBackend, workerThreads } from './worker-backend.ts';
import type { WorkerLike } from './worker-handle.ts';

/** Makes a worker that runs the program of this package. Throws where that cannot be. */
export async function startWorker(): Promise<WorkerLike> {
  const backend = workerBackend();
  if (backend === 'none') throw new StowageError('UNSUPPORTED', 'this runtime has no workers');
  const { WORKER_PROGRAM } = await import('../generated/worker-program.ts');
  const threads = workerThreads();
  // Flags of the process, such as loaders, are none of the worker's business.
  if (threads !== undefined) return new threads.Worker(WORKER_PROGRAM, { eval: true, execArgv: [] });
  return new Worker((url ??= URL.createObjectURL(new Blob([WORKER_PROGRAM], { type: 'text/javascript' }))));
}

/** How many workers are of use here. */
export function processorCount(): number {
  const os = runtimeProcess()?.getBuiltinModule?.('node:os') as
    { availableParallelism?(): number } | undefined;
  return (
    os?.availableParallelism?.() ?? (globalThis.navigator as Navigator | undefined)?.hardwareConcurrency ?? 1
  );
}

/** One address for all workers of a page: it must last until the last one has started. */
let url: string | undefined;
