import { systemClock } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Storage } from '@stowage/types';
import { openFileSystemStorage } from './file-system-storage.ts';
import type { StorageOptions } from './memory-storage.ts';
import { findOpfs } from './opfs-surroundings.ts';
import type { Surroundings } from './opfs-surroundings.ts';
import { OpfsFileSystem } from './opfs-file-system.ts';
import { WebLocks } from './web-locks.ts';

/** One name of a path: no dots that lead elsewhere, nothing that is no name on some disk, a length that all can have. */
const NAME = /^(?!\.{1,2}$)[^\\/\p{Cc}\p{Surrogate}]{1,192}$/u;

/**
 * Opens a storage that lives in the origin private file system of a page or worker, with the same tree as
 * `openFileStorage` keeps on disk. It is there again after a reload, and several pages and workers of the origin may
 * have it open at once. A dedicated worker writes in place; a window writes partial downloads in pieces, which are
 * copied together when they are committed. What the browser has no more space for fails with `STORAGE` and the reason
 * `EDQUOT`. Once a storage is closed, its content can only be read, and its locks are gone: what would change or lock
 * fails with `UNAVAILABLE`.
 *
 * @param name the directory, for example `images` or `my-app/images`
 * @param options the clock, for tests
 * @throws `UNSUPPORTED` where there is no such file system: outside of browsers, in pages that came over plain http,
 *   in private windows of some browsers; `INVALID_ARGUMENT` for a name that is none, and for a directory with something
 *   else in it; `STORAGE` where the browser refuses
 *
 * @example
 * ```ts
 * import { openWebStorage } from '@stowage/storage/web';
 * import { isStowageError } from '@stowage/types';
 *
 * try {
 *   const storage = await openWebStorage('images');
 *   await storage.metadata.set('notes', 'first', new TextEncoder().encode('hello'));
 *   await storage.close();
 * } catch (error) {
 *   console.log(isStowageError(error, 'UNSUPPORTED')); // true, outside of browsers
 * }
 * ```
 */
export async function openWebStorage(name: string, options: StorageOptions = {}): Promise<Storage> {
  const root = rootOf(name);
  const opfs = await findOpfs(globalThis as unknown as Surroundings);
  const fs = new OpfsFileSystem(opfs, root);
  const clock = options.clock ?? systemClock;
  const storage = await openFileSystemStorage({
    ...options,
    fs,
    clock,
    locks: new WebLocks(opfs.locks),
    root,
  });
  await fs.sweep();
  return storage;
}

/** A path from the name of a directory. Slashes around it do no harm, as in `/images/`. */
function rootOf(name: string): string {
  const names = typeof name === 'string' ? name.replace(/^\/|\/$/g, '').split('/') : [];
  if (names.length === 0 || !names.every((part) => NAME.test(part))) {
    throw new StowageError('INVALID_ARGUMENT', `${JSON.stringify(name)} is no directory`);
  }
  return `/${names.join('/')}`;
}
