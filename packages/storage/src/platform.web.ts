import type { Storage } from '@stowage/types';
import type { StorageOptions } from './memory-storage.ts';

/** Opens the storage of a root: a directory of the origin private file system. */
export async function openRoot(root: string, options: StorageOptions): Promise<Storage> {
  // Pages that keep everything in memory need not load it.
  const { openWebStorage } = await import('./web-storage.ts');
  return await openWebStorage(root, options);
}
