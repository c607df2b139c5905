import type { AbortOptions, Storage } from '@stowage/types';

/** Does work under a lock of the storage and lets go of it, whatever happens. */
export async function withLock<T>(
  storage: Storage,
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
