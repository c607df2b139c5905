import type { AbortOptions, Storage } from '@stowage/types';

/** Does some work while holding a lock of the storage. */
export async function withLock<T>(
  storage: Storage,
  name: string,
  options: AbortOptions | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const lock = await storage.lock(name, options);
  try {
    return await work();
  } finally {
    await lock[Symbol.asyncDispose]();
  }
}
