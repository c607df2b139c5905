import type { Storage } from '@stowage/types';
import { openFileStorage } from './file-storage.ts';
import type { StorageOptions } from './memory-storage.ts';

/** Opens the storage of a root: files. */
export function openRoot(root: string, options: StorageOptions): Promise<Storage> {
  return openFileStorage(root, options);
}
