import type { AbortOptions, Storage } from '@stowage/types';

/**
 * Does work while holding a lock of a storage, and lets go of it whatever happens.
 *
 * @param storage whose lock it is
 * @param name the lock's name: lower-case words joined by dashes
 * @param work what to do
 * @param options `signal` ends the wait for the lock; work that has begun goes on
 *
 * @example
 * ```ts
 * import { withLock } from '@stowage/core';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * console.log(await withLock(storage, 'counter', async () => 'done')); // done
 * ```
 */
export async function withLock<T>(
  storage: Pick<Storage, 'lock'>,
  name: string,
  work: () => Promise<T>,
  options?: AbortOptions,
): Promise<T> {
  const lock = await storage.lock(name, options);
  try {
    return await work();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
