import type { AbortOptions, Clock, Storage } from '@stowage/types';
import { checkLockName } from './checks.ts';
import { storageClosed } from './failures.ts';
import { FileContentStore } from './file-content-store.ts';
import { prepareLayout } from './file-layout.ts';
import { FileMetadataStore } from './file-metadata-store.ts';
import type { FileSystem } from './file-system.ts';
import type { PathLocks } from './path-locks.ts';
import { join } from './paths.ts';

/** What a storage in files works with. */
export interface FileSystemStorageDeps {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly locks: PathLocks;
  /** The directory that keeps everything. */
  readonly root: string;
  /** As in `StorageOptions`. */
  readonly resumableHash?: boolean | undefined;
}

/** Opens a storage on any file system; makes the directory an OCI layout where it is empty or not there. */
export async function openFileSystemStorage(deps: FileSystemStorageDeps): Promise<Storage> {
  await prepareLayout(deps.fs, deps.root, deps.clock.now());
  return new FileSystemStorage(deps);
}

class FileSystemStorage implements Storage {
  readonly content: FileContentStore;
  readonly metadata: FileMetadataStore;
  readonly #locks: PathLocks;
  readonly #root: string;
  readonly #closing = new AbortController();

  constructor(deps: FileSystemStorageDeps) {
    this.#root = deps.root;
    this.#locks = deps.locks;
    this.content = new FileContentStore(deps);
    this.metadata = new FileMetadataStore(deps.fs, deps.clock, deps.root);
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
