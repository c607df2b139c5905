import { StowageError } from '@stowage/types';

/**
 * Lets one call at a time into a stage, until the stage is closed: the reason is then what a call that waits and every
 * later one reject with. What a call fails with closes the stage.
 */
export class StageCalls {
  readonly #onClose: (reason: unknown) => void;
  #closed: { readonly reason: unknown } | undefined;
  /** Rejects the call that is in progress. */
  #reject: ((reason: unknown) => void) | undefined;

  /** @param onClose frees what the stage holds; called once */
  constructor(onClose: (reason: unknown) => void) {
    this.#onClose = onClose;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  /** Whether a call would be let in. */
  get idle(): boolean {
    return this.#closed === undefined && this.#reject === undefined;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return handled(
      new Promise<T>((resolve, reject) => {
        this.throwIfClosed();
        if (this.#reject !== undefined)
          throw misuse('the layer stage is busy: await each call before the next');
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
    this.#onClose(reason);
    this.#reject?.(reason);
    this.#reject = undefined;
  }

  throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closed.reason;
  }
}

/** The reason of a stage that has done its work. */
export function ended(): StowageError {
  return misuse('the layer stage has ended');
}

/** The reason of a stage that was cancelled without one. */
export function cancelled(): StowageError {
  return misuse('the layer stage was cancelled');
}

/** Marks a rejection as handled: a caller that drops the promise meets the same failure in the next call. */
function handled<T>(result: Promise<T>): Promise<T> {
  result.catch(() => undefined);
  return result;
}

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
