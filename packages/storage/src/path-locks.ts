import type { AbortOptions } from '@stowage/types';

/** A lock that is held. Disposing of it gives it back. */
export interface PathLock extends AsyncDisposable {
  /**
   * Makes sure that the lock is still held: whoever slept for too long may have lost it.
   *
   * @param options `always` asks even when there is no reason to doubt
   * @throws `UNAVAILABLE`, retryable
   */
  confirm(options?: { readonly always?: boolean }): Promise<void>;
}

/** Locks that all users of a store see, each named by a path in it. */
export interface PathLocks {
  /** Waits for a lock. */
  acquire(path: string, options?: AbortOptions): Promise<PathLock>;
  /** Takes a lock if nobody holds it. */
  tryAcquire(path: string): Promise<PathLock | undefined>;
  /** Gives every lock back and takes no more. */
  close(): Promise<void>;
}
