import { StowageError } from '@stowage/types';

/**
 * Lets one call at a time into a stage or a compressor, until it is closed: the reason is then what a call that waits and
 * every later one reject with. What a call fails with closes the stage.
 */
export class StageCalls {
  readonly #onClose: () => void;
  readonly #signal: AbortSignal | undefined;
  readonly #what: string;
  readonly #abort = (): void => {
    this.close(this.#signal?.reason);
  };
  #closed: { readonly reason: unknown } | undefined;
  /** Rejects the call that is in progress. */
  #reject: ((reason: unknown) => void) | undefined;

  /**
   * @param onClose frees what the stage holds; called once
   * @param signal closes the stage with its reason
   * @param what the stage is, for messages
   */
  constructor(onClose: () => void, signal: AbortSignal | undefined, what = 'layer stage') {
    this.#onClose = onClose;
    this.#signal = signal;
    this.#what = what;
    signal?.addEventListener('abort', this.#abort);
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether a call would be let in. */
  get idle(): boolean {
    return this.#closed === undefined && this.#reject === undefined;
  }

  /** Runs the last call: the stage is closed when it is over. */
  finish<T>(work: () => Promise<T>): Promise<T> {
    const last = this.run(work).then((value) => {
      this.close(misuse(`the ${this.#what} has ended`));
      return value;
    });
    return handled(last);
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return handled(
      new Promise<T>((resolve, reject) => {
        this.throwIfClosed();
        if (this.#reject !== undefined)
          throw misuse(`the ${this.#what} is busy: await each call before the next`);
        this.#reject = reject;
        work().then(
          (value) => {
            this.#reject = undefined;
            resolve(value);
          },
          (error: unknown) => {
            this.close(error);
          },
        );
      }),
    );
  }

  /** Takes no more calls. The first reason stays. */
  close(reason: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#signal?.removeEventListener('abort', this.#abort);
    this.#onClose();
    this.#reject?.(reason);
    this.#reject = undefined;
  }

  throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closed.reason;
  }
}

/** The reason of a stage that was cancelled without one. */
export function cancelled(what = 'layer stage'): StowageError {
  return misuse(`the ${what} was cancelled`);
}

/** Marks a rejection as handled: a caller that drops the promise meets the same failure in the next call. */
export function handled<T>(result: Promise<T>): Promise<T> {
  result.catch(() => undefined);
  return result;
}

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
