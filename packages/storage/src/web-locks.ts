import { StowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';
import { storageClosed } from './failures.ts';
import type { LockManager, LockOptions } from './opfs-handles.ts';
import type { PathLock, PathLocks } from './path-locks.ts';

/** A lock of the browser that is held. */
export interface WebLock {
  /** Gives the lock back. */
  release(): void;
  /** Resolves when the lock was given back, and rejects when it was taken away. */
  readonly ended: Promise<void>;
}

/** Takes a lock; `undefined` when it is to be had at once and is not. */
export function takeLock(
  manager: LockManager,
  name: string,
  options: LockOptions,
): Promise<WebLock | undefined> {
  return new Promise((resolve, reject) => {
    // The browser holds the lock for as long as the promise is pending that it gets from the callback.
    const ended = manager.request(name, options, (lock) => {
      if (lock === null) {
        resolve(undefined);
        return Promise.resolve();
      }
      return new Promise<void>((release) => {
        // The callback runs once the request has returned, and so has `ended` its value.
        resolve({ release, ended });
      });
    });
    ended.catch((error: unknown) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the caller's own reason
      reject(options.signal?.aborted === true ? options.signal.reason : refused(name, error));
    });
  });
}

/**
 * Locks that all pages and workers of an origin see, by Web Locks: first come first served, and given back by the
 * browser when their holder is closed, reloaded or crashes.
 */
export class WebLocks implements PathLocks {
  readonly #manager: LockManager;
  readonly #held = new Set<HeldLock>();
  #closed = false;

  constructor(manager: LockManager) {
    this.#manager = manager;
  }

  async acquire(path: string, { signal }: AbortOptions = {}): Promise<PathLock> {
    signal?.throwIfAborted();
    return (await this.#take(path, signal === undefined ? {} : { signal })) as PathLock;
  }

  tryAcquire(path: string): Promise<PathLock | undefined> {
    return this.#take(path, { ifAvailable: true });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#held].map((lock) => lock[Symbol.asyncDispose]()));
  }

  async #take(path: string, options: LockOptions): Promise<PathLock | undefined> {
    const taken = await takeLock(this.#manager, `stowage:${path}`, options);
    if (taken === undefined) return undefined;
    const lock = new HeldLock(taken, () => this.#held.delete(lock));
    this.#held.add(lock);
    if (!this.#closed) return lock;
    await lock[Symbol.asyncDispose]();
    throw storageClosed();
  }
}

class HeldLock implements PathLock {
  readonly #lock: WebLock;
  readonly #ended: Promise<void>;
  #lost = false;

  constructor(lock: WebLock, onEnd: () => void) {
    this.#lock = lock;
    this.#ended = lock.ended
      .catch(() => {
        this.#lost = true;
      })
      .finally(onEnd);
  }

  /** Nobody here takes a lock away from its holder, but the page may have code that does. */
  confirm(): Promise<void> {
    if (!this.#lost) return Promise.resolve();
    return Promise.reject(
      new StowageError('UNAVAILABLE', 'the lock was taken over by somebody else', { retryable: true }),
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#lock.release();
    return this.#ended;
  }
}

function refused(name: string, cause: unknown): StowageError {
  return new StowageError('STORAGE', `the browser gives no lock ${name}`, { cause, reason: 'ENOLCK' });
}
