import type { AbortOptions } from '@stowage/types';

/** Gives a lock back. Idempotent. */
export type Unlock = () => void;

/** Locks by name among the callers of one process, first come first served. */
export class LockQueue {
  /** For every lock that is held, those who wait for it. */
  readonly #held = new Map<string, (() => void)[]>();

  /** Takes the lock if nobody holds it. */
  tryAcquire(name: string): Unlock | undefined {
    if (this.#held.has(name)) return undefined;
    this.#held.set(name, []);
    return this.#unlockOnce(name);
  }

  /** Waits for the lock; rejects with the signal's reason when aborted first. */
  async acquire(name: string, { signal }: AbortOptions = {}): Promise<Unlock> {
    signal?.throwIfAborted();
    const unlock = this.tryAcquire(name);
    if (unlock !== undefined) return unlock;
    await this.#turn(name, signal);
    return this.#unlockOnce(name);
  }

  #turn(name: string, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiters = this.#held.get(name) ?? [];
      const leave = (): void => {
        waiters.splice(waiters.indexOf(proceed), 1);
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
        reject(signal?.reason);
      };
      const proceed = (): void => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      waiters.push(proceed);
      signal?.addEventListener('abort', leave, { once: true });
    });
  }

  #unlockOnce(name: string): Unlock {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const next = this.#held.get(name)?.shift();
      if (next === undefined) this.#held.delete(name);
      else next();
    };
  }
}
