import type { Progress, ProgressOutput } from '@stowage/types';

/**
 * Hands progress to one listener, out of the way of whoever reports it. Steps that the listener has not seen yet are
 * merged where only their numbers differ, so a burst costs one call and every change of words still arrives.
 */
export class ProgressWatcher {
  #output: ProgressOutput | undefined;
  #pending: Progress[] = [];

  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  /** Takes a step and delivers it soon. */
  push(progress: Progress): void {
    if (this.#output === undefined) return;
    if (this.#pending.length === 0) {
      queueMicrotask(() => {
        this.flush();
      });
    }
    const last = this.#pending.at(-1);
    if (last !== undefined && sameWords(last, progress)) this.#pending[this.#pending.length - 1] = progress;
    else this.#pending.push(progress);
  }

  /** Delivers everything that is still to be delivered. */
  flush(): void {
    const steps = this.#pending;
    this.#pending = [];
    for (const step of steps) {
      try {
        this.#output?.(step);
      } catch {
        // The contract says that it must not throw. One that does hears no more, and harms nobody else's transfer.
        this.#output = undefined;
      }
    }
  }

  /** Delivers the rest and then falls silent. */
  close(): void {
    this.flush();
    this.#output = undefined;
  }
}

function sameWords(a: Progress, b: Progress): boolean {
  return a.id === b.id && a.action === b.action && a.message === b.message && a.aux === b.aux;
}
