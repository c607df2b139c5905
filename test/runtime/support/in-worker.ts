// Calls of a page's functions in a dedicated worker that has the same bundle.

/** The functions that can be called, by name. */
export type Calls = Readonly<Record<string, (...args: never[]) => Promise<unknown>>>;

/** Calls a function in a new dedicated worker, which lives on as long as the page does. */
export function callInWorker(name: string, ...args: readonly unknown[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const worker = new Worker('/bundle.js', { type: 'module' });
    worker.onerror = ({ message }) => {
      reject(new Error(message));
    };
    worker.onmessage = ({ data }: MessageEvent<{ value?: unknown; error?: string }>) => {
      if (data.error === undefined) resolve(data.value);
      else reject(new Error(data.error));
    };
    worker.postMessage([name, args]);
  });
}

/** Answers calls, where this is a worker. */
export function answerCalls(calls: Calls): void {
  if ('document' in globalThis) return;
  addEventListener('message', ({ data: [name, args] }: MessageEvent<[string, never[]]>) => {
    calls[name]?.(...args).then(
      (value) => {
        postMessage({ value });
      },
      (error: unknown) => {
        postMessage({ error: String(error) });
      },
    );
  });
}
