import type { Storage } from '@stowage/types';
import { openRoot } from '#platform';
import { createMemoryStorage } from './memory-storage.ts';
import type { StorageOptions } from './memory-storage.ts';

/** Which storage is opened. */
export interface OpenStorageOptions extends StorageOptions {
  /**
   * The directory that keeps everything: a path on Node, Deno and Bun, in a page a directory of the origin private file
   * system. Default: none, and everything is kept in memory.
   */
  readonly root?: string | undefined;
}

/**
 * Opens a storage: files under `root` on Node, Deno and Bun, the origin private file system in a page or worker, or
 * memory where no root is given.
 *
 * @param options the root, and the clock for tests
 * @throws what `openFileStorage` or `openWebStorage` throws: `UNSUPPORTED` where there is no place for a root
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
