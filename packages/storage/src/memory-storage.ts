import { systemClock } from '@stowage/core';
import type { AbortOptions, Clock, Storage } from '@stowage/types';
import { checkLockName } from './checks.ts';
import { storageClosed } from './failures.ts';
import { LockQueue } from './lock-queue.ts';
import { MemoryContentStore } from './memory-content-store.ts';
import { MemoryMetadataStore } from './memory-metadata-store.ts';

/** How a storage is made. */
export interface StorageOptions {
  /** Default: the system's. */
  readonly clock?: Clock | undefined;
  /**
   * Whether the running hash of an ingest that is closed is kept, so that who goes on with it need not read what is
   * there. Where the runtime has no hash of its own, as in a page, it always is. Elsewhere the hash that can be kept is
   * slower than the runtime's: worth it for large downloads that are often broken off, on slow disks. Default `false`.
   */
  readonly resumableHash?: boolean | undefined;
}

/**
 * Makes a storage that lives in memory and goes with it. Once it is closed, its content can only be read, and its
 * locks are gone: what would change or lock fails with `UNAVAILABLE`.
 *
 * @param options the clock, for tests
 *
 * @example
 * ```ts
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const ingest = await storage.content.ingest('greeting');
 * await ingest.write(new TextEncoder().encode('hello'));
 * const { digest } = await ingest.commit();
 * console.log(digest.slice(0, 15)); // sha256:2cf24dba
 * await storage.close();
 * ```
 */
export function createMemoryStorage(options: StorageOptions = {}): Storage {
  return new MemoryStorage(options);
}

class MemoryStorage implements Storage {
  readonly content: MemoryContentStore;
  readonly metadata: MemoryMetadataStore = new MemoryMetadataStore();
  readonly #locks = new LockQueue();
  readonly #closing = new AbortController();

  constructor({ clock = systemClock, resumableHash = false }: StorageOptions) {
    this.content = new MemoryContentStore(clock, resumableHash);
  }

  async lock(name: string, { signal }: AbortOptions = {}): Promise<AsyncDisposable> {
    checkLockName(name);
    const closing = this.#closing.signal;
    const unlock = await this.#locks.acquire(name, {
      // A signal of its own for every call, so that many who wait do not pile their listeners on one.
      signal: AbortSignal.any(signal === undefined ? [closing] : [closing, signal]),
    });
    return {
      [Symbol.asyncDispose]: () => {
        unlock();
        return Promise.resolve();
      },
    };
  }

  async close(): Promise<void> {
    this.#closing.abort(storageClosed());
    await this.content.close();
  }
}
