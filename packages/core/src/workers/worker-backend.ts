import type * as nodeThreads from 'node:worker_threads';
import { runtimeProcess } from '../platform/platform.ts';

/** What workers are made with: node:worker_threads (Node, Deno, Bun), `Worker` (pages), or nothing. */
export type WorkerBackend = 'threads' | 'web' | 'none';

/** The way to make workers that this runtime has. */
export function workerBackend(): WorkerBackend {
  if (workerThreads() !== undefined) return 'threads';
  return typeof Worker === 'function' ? 'web' : 'none';
}

/** node:worker_threads, where it is there. */
export function workerThreads(): typeof nodeThreads | undefined {
  return runtimeProcess()?.getBuiltinModule?.('node:worker_threads') as typeof nodeThreads | undefined;
}
