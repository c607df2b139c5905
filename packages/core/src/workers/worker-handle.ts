import { StowageError } from '@stowage/types';
import { BufferPool, PROTOCOL } from './worker-protocol.ts';
import type { FromJob, FromWorker, ToWorker } from './worker-protocol.ts';

/**
 * What is used of a worker: a `Worker` of a page, of Deno or of Bun, or one of node:worker_threads. It calls
 * `serveWorker` of `@stowage/core/worker`.
 */
export interface WorkerLike {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  /** Ends the worker at once. */
  terminate(): unknown;
}

/** What Node's workers have beside, and those of Deno and Bun that are made in Node's way. */
interface NodeWorkerEvents {
  on(event: string, listener: (value: unknown) => void): unknown;
  ref(): void;
  unref(): void;
}

interface WebWorkerEvents {
  addEventListener(type: string, listener: (event: WebWorkerEvent) => void): void;
}

/** A `MessageEvent`, or an `ErrorEvent`. */
interface WebWorkerEvent {
  readonly data?: unknown;
  readonly error?: unknown;
  readonly message?: string;
  preventDefault(): void;
}

/** What hears of a job. */
export interface JobListener {
  onMessage(message: FromJob): void;
  /** The worker is gone; nothing more will be heard. */
  onDeath(error: StowageError): void;
}

/** A worker that has started, and who listens to its jobs. */
export class WorkerHandle {
  readonly buffers: BufferPool = new BufferPool();
  /** Resolves once the worker says that it runs; rejects when it cannot. */
  readonly ready: Promise<void>;
  readonly #worker: WorkerLike;
  readonly #onDeath: () => void;
  readonly #jobs = new Map<number, JobListener>();
  #nextJob = 0;
  #holds = 0;
  #death: StowageError | undefined;
  #started: (error?: StowageError) => void = () => undefined;

  /** @param onDeath called once, when the worker is gone for whatever reason */
  constructor(worker: WorkerLike, onDeath: () => void) {
    this.#worker = worker;
    this.#onDeath = onDeath;
    this.ready = new Promise((resolve, reject) => {
      this.#started = (error) => {
        if (error === undefined) resolve();
        else reject(error);
      };
    });
    this.ready.catch(() => undefined);
    listen(
      worker,
      (message) => {
        this.#receive(message as FromWorker);
      },
      (cause) => {
        void this.end(unavailable('the worker died', cause));
      },
    );
    // It may have started long ago, and is heard of only now.
    this.post({ type: 'hello' });
  }

  /** Makes a job. `UNAVAILABLE` when the worker is gone. */
  open(listener: JobListener): number {
    if (this.#death !== undefined) throw this.#death;
    const job = this.#nextJob;
    this.#nextJob += 1;
    this.#jobs.set(job, listener);
    return job;
  }

  /** Listens to a job no more; buffers that still come from it are dealt with. */
  close(job: number): void {
    this.#jobs.delete(job);
  }

  /** Posts; a worker that cannot be posted to is as good as dead. */
  post(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (this.#death !== undefined) return;
    try {
      this.#worker.postMessage(message, transfer);
    } catch (cause) {
      void this.end(unavailable('the worker takes no messages', cause));
    }
  }

  /** Keeps the process alive, where a worker can, until as many calls of `letGo`. */
  hold(): void {
    this.#holds += 1;
    if (this.#holds === 1 && isNodeWorker(this.#worker)) this.#worker.ref();
  }

  letGo(): void {
    this.#holds -= 1;
    if (this.#holds === 0 && isNodeWorker(this.#worker)) this.#worker.unref();
  }

  /** Ends the worker and fails what it was at. Resolves once it is gone, where that can be told. Idempotent. */
  async end(error: StowageError): Promise<void> {
    if (this.#death !== undefined) return;
    this.#death = error;
    this.#onDeath();
    this.#started(error);
    for (const job of this.#jobs.values()) job.onDeath(error);
    this.#jobs.clear();
    try {
      await this.#worker.terminate();
    } catch {
      // It is given up all the same.
    }
  }

  #receive(message: FromWorker): void {
    if (message.type === 'ready') {
      if (message.protocol !== PROTOCOL) {
        void this.end(unavailable('the worker runs another version of its program'));
        return;
      }
      if (isNodeWorker(this.#worker)) this.#worker.unref();
      this.#started();
      return;
    }
    const job = this.#jobs.get(message.job);
    if (job !== undefined) job.onMessage(message);
    else if (message.type === 'taken') this.buffers.put(message.buffer);
    else if (message.type === 'output') this.release(message.job, message.buffer);
  }

  /** Gives a buffer of output back, or says that entries were taken. */
  release(job: number, buffer?: ArrayBuffer): void {
    if (buffer === undefined) this.post({ type: 'release', job });
    else this.post({ type: 'release', job, buffer }, [buffer]);
  }
}

/** The error of work that a worker did not live to do. */
export function unavailable(message: string, cause?: unknown): StowageError {
  return new StowageError('UNAVAILABLE', message, {
    retryable: true,
    ...(cause === undefined ? {} : { cause }),
  });
}

function listen(
  worker: WorkerLike,
  onMessage: (message: unknown) => void,
  onDeath: (cause: unknown) => void,
): void {
  if (isNodeWorker(worker)) {
    worker.on('message', onMessage);
    worker.on('error', onDeath);
    worker.on('messageerror', onDeath);
    worker.on('exit', (code) => {
      onDeath(new Error(`the worker exited with code ${String(code)}`));
    });
    return;
  }
  const web = worker as WorkerLike & WebWorkerEvents;
  web.addEventListener('message', ({ data }) => {
    onMessage(data);
  });
  for (const type of ['error', 'messageerror']) {
    web.addEventListener(type, (event) => {
      // Told to whoever waits for the job, and so not to the console as well.
      event.preventDefault();
      onDeath(event.error ?? new Error(event.message ?? type));
    });
  }
}

function isNodeWorker(worker: WorkerLike): worker is WorkerLike & NodeWorkerEvents {
  return 'on' in worker && 'unref' in worker;
}
