import type { WorkerLike } from '../workers/worker-handle.ts';
import type { FromWorker, ToWorker } from '../workers/worker-protocol.ts';
import { serve } from '../worker-serve.ts';

/** A worker that is none: it serves in the thread of the test, which hears all that is said. */
export class LocalWorker extends EventTarget implements WorkerLike {
  readonly sent: ToWorker[] = [];
  readonly received: FromWorker[] = [];
  terminated = false;
  readonly #outside: MessagePort;
  readonly #inside: MessagePort;

  constructor(begin = serve) {
    super();
    const { port1, port2 } = new MessageChannel();
    this.#outside = port1;
    this.#inside = port2;
    port1.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.received.push(data);
      this.dispatchEvent(Object.assign(new Event('message'), { data }));
    };
    begin({
      post: (message, transfer) => {
        port2.postMessage(message, transfer);
      },
      onMessage: (listener) => {
        port2.onmessage = ({ data }: MessageEvent<ToWorker>) => {
          listener(data);
        };
      },
    });
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.sent.push(message);
    this.#outside.postMessage(message, transfer);
  }

  /** Ends as a worker does that throws. */
  fail(error: unknown): void {
    this.dispatchEvent(Object.assign(new Event('error', { cancelable: true }), { error }));
  }

  terminate(): void {
    this.terminated = true;
    this.#outside.close();
    this.#inside.close();
  }
}

/** The same in Node's way. */
export class LocalThread implements WorkerLike {
  readonly worker: LocalWorker = new LocalWorker();
  /** How often it was told to keep the process alive, less how often not to. */
  refs = 1;
  readonly #listeners = new Map<string, (value: unknown) => void>();

  constructor() {
    this.worker.addEventListener('message', (event) => {
      this.emit('message', (event as MessageEvent).data);
    });
  }

  postMessage(message: ToWorker, transfer: ArrayBuffer[]): void {
    this.worker.postMessage(message, transfer);
  }

  on(event: string, listener: (value: unknown) => void): this {
    this.#listeners.set(event, listener);
    return this;
  }

  emit(event: string, value: unknown): void {
    this.#listeners.get(event)?.(value);
  }

  ref(): void {
    this.refs += 1;
  }

  unref(): void {
    this.refs -= 1;
  }

  terminate(): Promise<number> {
    this.worker.terminate();
    this.emit('exit', 1);
    return Promise.resolve(1);
  }
}
