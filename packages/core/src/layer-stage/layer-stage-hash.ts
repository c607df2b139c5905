import type { DigestAlgorithm, StowageError } from '@stowage/types';
import { decodeError } from '../workers/worker-error.ts';
import type { WorkerLease } from '../workers/worker-leasing.ts';
import type { FromJob } from '../workers/worker-protocol.ts';

/** What hears of a {@link WorkerHash}. */
export interface WorkerHashListener {
  /** A buffer that was hashed comes back. */
  onTaken(buffer: ArrayBuffer): void;
  onFailure(error: Error): void;
}

/** A running hash in a worker that does nothing else for this layer. */
export class WorkerHash {
  readonly #lease: WorkerLease;
  readonly #job: number;
  readonly #listener: WorkerHashListener;
  #resolve: ((digest: string) => void) | undefined;
  #done = false;

  constructor(lease: WorkerLease, algorithm: DigestAlgorithm, listener: WorkerHashListener) {
    const { handle } = lease;
    this.#lease = lease;
    this.#listener = listener;
    this.#job = handle.open({
      onMessage: (message) => {
        this.#receive(message);
      },
      onDeath: (error: StowageError) => {
        listener.onFailure(error);
      },
    });
    handle.post({ type: 'begin', job: this.#job, work: { digest: algorithm, decode: false }, output: false });
  }

  /** Takes the first `length` bytes of a buffer, and the buffer with them. */
  update(buffer: ArrayBuffer, length: number): void {
    this.#lease.handle.post({ type: 'input', job: this.#job, buffer, length }, [buffer]);
  }

  /** The digest of all bytes taken. A failure is told to the listener. */
  digest(): Promise<string> {
    this.#lease.handle.post({ type: 'end', job: this.#job });
    return new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Gives up and lets go of the worker. To be called once. */
  free(): void {
    const { handle } = this.#lease;
    handle.close(this.#job);
    if (!this.#done) handle.post({ type: 'cancel', job: this.#job });
    this.#lease.release();
  }

  #receive(message: FromJob): void {
    switch (message.type) {
      case 'taken':
        this.#listener.onTaken(message.buffer);
        break;
      case 'ended':
        this.#done = true;
        this.#resolve?.(message.findings.digest ?? '');
        break;
      case 'failed':
        this.#listener.onFailure(decodeError(message.error));
        break;
      case 'begun':
      case 'output':
      case 'entries':
      case 'deflated':
        break;
    }
  }
}
