import type { Storage } from '@stowage/types';
import { openRoot } from '#platform';
import { createMemoryStorage } from './memory-storage.ts';
import type { StorageOptions } from './memory-storage.ts';

/** Which storage is opened. */
export interface OpenStorageOptions extends StorageOptions {
  /** The directory that keeps everything. Default: none, and everything is kept in memory. */
  readonly root?: string | undefined;
}

/**
 * Opens a storage: files under `root` on Node, Deno and Bun, or memory where no root is given.
 *
 * @param options the root, and the clock for tests
 * @throws what `openFileStorage` throws; `UNSUPPORTED` for a root in a page
 *
 * @example
 * ```ts
 * import { openStorage } from '@stowage/storage';
 *
 * const storage = await openStorage();
 * await storage.metadata.set('notes', 'first', new TextEncoder().encode('hello'));
 * console.log((await storage.metadata.get('notes', 'first'))?.length); // 5
 * await storage.close();
 * ```
 */
export async function openStorage(options: OpenStorageOptions = {}): Promise<Storage> {
  const { root, ...rest } = options;
  return root === undefined ? createMemoryStorage(rest) : await openRoot(root, rest);
}
