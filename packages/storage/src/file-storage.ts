import { join, resolve } from 'node:path';
import { systemClock } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Clock, Storage } from '@stowage/types';
import { checkLockName } from './checks.ts';
import { storageClosed } from './failures.ts';
import { FileContentStore } from './file-content-store.ts';
import { prepareLayout } from './file-layout.ts';
import { FileLocks } from './file-locks.ts';
import { FileMetadataStore } from './file-metadata-store.ts';
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
  const path = resolve(root);
  await prepareLayout(fs, path, clock.now());
  return new FileStorage(fs, clock, path);
}

class FileStorage implements Storage {
  readonly content: FileContentStore;
  readonly metadata: FileMetadataStore;
  readonly #locks: FileLocks;
  readonly #root: string;
  readonly #closing = new AbortController();

  constructor(fs: FileSystem, clock: Clock, root: string) {
    this.#root = root;
    this.#locks = new FileLocks(fs, clock);
    this.content = new FileContentStore({ fs, clock, root, locks: this.#locks });
    this.metadata = new FileMetadataStore(fs, clock, root);
  }

  async lock(name: string, { signal }: AbortOptions = {}): Promise<AsyncDisposable> {
    checkLockName(name);
    const closing = this.#closing.signal;
    return this.#locks.acquire(join(this.#root, 'metadata', 'locks', name), {
      // A signal of its own for every call, so that many who wait do not pile their listeners on one.
      signal: AbortSignal.any(signal === undefined ? [closing] : [closing, signal]),
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(storageClosed());
    try {
      await this.content.close();
    } finally {
      await this.#locks.close();
    }
  }
}
