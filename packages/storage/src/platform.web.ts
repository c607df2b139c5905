import type { Storage } from '@stowage/types';
import type { StorageOptions } from './memory-storage.ts';
import { openWebStorage } from './web-storage.ts';

/** Opens the storage of a root: a directory of the origin private file system. */
export function openRoot(root: string, options: StorageOptions): Promise<Storage> {
  return openWebStorage(root, options);
}
