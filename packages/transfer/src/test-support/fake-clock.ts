import type { AbortOptions, Clock } from '@stowage/types';
import { turns } from './turns.ts';

/** A clock that stands still until it is told to go on. */
export class FakeClock implements Clock {
  #now = 0;
  readonly #sleepers = new Set<{ readonly at: number; wake(): void }>();

  now(): number {
    return this.#now;
  }

  sleep(milliseconds: number, options: AbortOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const { signal } = options;
      const stop = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
      const sleeper = { at: this.#now + milliseconds, wake };
      this.#sleepers.add(sleeper);
      signal?.addEventListener('abort', stop);
    });
  }

  /** How many wait for this clock. */
  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Lets seconds pass, one by one, with everything that happens in between. */
  async pass(seconds: number): Promise<void> {
    await turns();
    for (let second = 0; second < seconds; second += 1) {
      this.#now += 1000;
      for (const sleeper of this.#sleepers) {
        if (sleeper.at > this.#now) continue;
        this.#sleepers.delete(sleeper);
        sleeper.wake();
      }
      await turns();
    }
  }
}
