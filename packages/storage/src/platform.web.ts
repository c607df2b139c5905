import { StowageError } from '@stowage/types';
import type { Storage } from '@stowage/types';
import type { StorageOptions } from './memory-storage.ts';

/** Opens the storage of a root. This platform has no files, and so no roots. */
export function openRoot(_root: string, _options: StorageOptions): Promise<Storage> {
  return Promise.reject(
    new StowageError(
      'UNSUPPORTED',
      'a storage with a root needs the file system of Node, Deno or Bun; leave the root out to keep everything in memory',
    ),
  );
}
