import { StowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';

/** The calls that are under way in a store, which its end ends. */
export class RunningCalls {
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  /** The caller's signal, and that of the store's end. `UNAVAILABLE` once the store is closed. */
  signal({ signal }: AbortOptions): AbortSignal {
    const closing = this.#closing.signal;
    closing.throwIfAborted();
    // A signal of its own for every call, so that many calls do not pile their listeners on one.
    return AbortSignal.any(signal === undefined ? [closing] : [signal, closing]);
  }

  /** Runs work that ends when the caller aborts it or the store is closed. */
  async run<T>(options: AbortOptions, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const running = work(this.signal(options));
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Ends all of them, and takes no more. Resolves when the last one is over. */
  async close(): Promise<void> {
    this.#closing.abort(new StowageError('UNAVAILABLE', 'the store was closed'));
    await Promise.allSettled(this.#running);
  }
}
