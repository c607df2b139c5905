import { resolve, sep } from 'node:path';
import { systemClock } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Storage } from '@stowage/types';
import { FileLocks } from './file-locks.ts';
import { openFileSystemStorage } from './file-system-storage.ts';
import type { FileSystem } from './file-system.ts';
import type { StorageOptions } from './memory-storage.ts';
import { nodeFileSystem } from './node-file-system.ts';

/**
 * Opens a storage that lives in a directory, as an OCI image layout that other tools can read. A directory that is
 * empty or not there becomes one; any other that is no layout is left alone. Several storages, in this process and in
 * others, may have one directory open. Once a storage is closed, its content can only be read, and its locks are gone:
 * what would change or lock fails with `UNAVAILABLE`.
 *
 * @param root the directory. What is made in it is for the owner alone
 * @param options the clock, for tests
 * @throws `INVALID_ARGUMENT` for a directory with something else in it, or no directory; `UNSUPPORTED` for a layout of
 *   another version; `STORAGE` where the file system refuses, with its code (`EACCES`, `ENOSPC`) as `reason`
 *
 * @example
 * ```ts
 * import { mkdtemp, rm } from 'node:fs/promises';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { openFileStorage } from '@stowage/storage/node';
 *
 * const root = await mkdtemp(join(tmpdir(), 'stowage-'));
 * const storage = await openFileStorage(root);
 * const ingest = await storage.content.ingest('greeting');
 * await ingest.write(new TextEncoder().encode('hello'));
 * console.log((await ingest.commit()).size); // 5
 * await storage.close();
 * await rm(root, { recursive: true });
 * ```
 */
export function openFileStorage(root: string, options: StorageOptions = {}): Promise<Storage> {
  return openStorageOn(nodeFileSystem, root, options);
}

/** Opens a storage on any file system. */
export async function openStorageOn(
  fs: FileSystem,
  root: string,
  options: StorageOptions = {},
): Promise<Storage> {
  if (typeof root !== 'string' || root === '' || root.includes('\0')) {
    throw new StowageError('INVALID_ARGUMENT', `${JSON.stringify(root)} is no directory`);
  }
  const clock = options.clock ?? systemClock;
  // Windows takes slashes as well, and the paths of a store have no others.
  const path = sep === '/' ? resolve(root) : resolve(root).replaceAll(sep, '/');
  const locks = new FileLocks(fs, clock);
  const storage = await openFileSystemStorage({ ...options, fs, clock, locks, root: path });
  await locks.sweep(`${path}/metadata/locks`);
  return storage;
}
