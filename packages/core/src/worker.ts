import { StowageError } from '@stowage/types';
import { runtimeProcess } from './platform/platform.ts';
import type { FromWorker, ToWorker } from './workers/worker-protocol.ts';
import { serve } from './worker-serve.ts';

/** How a thread of node:worker_threads speaks to the one that made it; Deno and Bun have it too. */
interface ParentPort {
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
  on(event: 'message', listener: (message: ToWorker) => void): unknown;
}

/** What a worker of a page speaks through, and one of Deno that was made as in a page. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
}

/**
 * Makes the worker that it is called in serve layer stages until it is ended. This is the whole program of a worker that
 * `createWorkerPool({ create })` is given.
 *
 * @throws `UNSUPPORTED` where it is not called in a worker
 *
 * @example
 * ```ts
 * import { serveWorker } from '@stowage/core/worker';
 * import { isStowageError } from '@stowage/types';
 *
 * try {
 *   serveWorker();
 * } catch (error) {
 *   console.log(isStowageError(error, 'UNSUPPORTED')); // true: examples do not run in a worker
 * }
 * ```
 */
export function serveWorker(): void {
  const parent = parentPort();
  if (parent !== undefined) {
    serve({
      post: (message, transfer) => {
        parent.postMessage(message, transfer);
      },
      onMessage: (listener) => parent.on('message', listener),
    });
    return;
  }
  const scope = globalThis as unknown as WorkerScope;
  if (!('WorkerGlobalScope' in globalThis)) throw new StowageError('UNSUPPORTED', 'this is not a worker');
  serve({
    post: (message, transfer) => {
      scope.postMessage(message, transfer);
    },
    onMessage: (listener) => {
      scope.addEventListener('message', ({ data }) => {
        listener(data);
      });
    },
  });
}

function parentPort(): ParentPort | undefined {
  const threads = runtimeProcess()?.getBuiltinModule?.('node:worker_threads') as
    { readonly parentPort: ParentPort | null } | undefined;
  return threads?.parentPort ?? undefined;
}
