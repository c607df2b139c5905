// What a worker runs: `tools/build-generated.ts` makes one text of it, and it is an entry of its own for pages that
// start their workers themselves.
import { runtimeProcess } from './platform.ts';
import type { FromWorker, ToWorker } from './worker-protocol.ts';
import { serve } from './worker-serve.ts';

interface ParentPort {
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
  on(event: 'message', listener: (message: ToWorker) => void): unknown;
}

/** What a worker of a page, and of Deno, speaks through. */
interface WorkerScope {
  postMessage(message: FromWorker, transfer: ArrayBuffer[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: ToWorker }) => void): void;
}

const threads = runtimeProcess()?.getBuiltinModule?.('node:worker_threads') as
  { readonly parentPort: ParentPort | null } | undefined;
const parent = threads?.parentPort ?? undefined;
const scope = globalThis as unknown as WorkerScope;

serve({
  post(message, transfer) {
    (parent ?? scope).postMessage(message, transfer);
  },
  onMessage(listener) {
    if (parent !== undefined) parent.on('message', listener);
    else {
      scope.addEventListener('message', ({ data }) => {
        listener(data);
      });
    }
  },
});
