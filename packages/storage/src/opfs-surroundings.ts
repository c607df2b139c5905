import { StowageError } from '@stowage/types';
import type { Opfs } from './opfs-file-system.ts';
import type { LockManager, OpfsDirectoryHandle } from './opfs-handles.ts';

/** What a page or a worker may have. */
export interface Surroundings {
  readonly navigator?: {
    readonly storage?: { getDirectory?(): Promise<OpfsDirectoryHandle> };
    readonly locks?: LockManager;
  };
  readonly FileSystemFileHandle?: { readonly prototype: object };
}

/**
 * Finds the origin private file system, and how files are written in it.
 *
 * @throws `UNSUPPORTED` with what is missing
 */
export async function findOpfs({ navigator, FileSystemFileHandle }: Surroundings): Promise<Opfs> {
  const locks = navigator?.locks;
  if (
    navigator?.storage?.getDirectory === undefined ||
    locks === undefined ||
    FileSystemFileHandle === undefined
  ) {
    throw unsupported(
      'there is none here: it needs a browser, and a page that came over https or from localhost',
    );
  }
  const file = FileSystemFileHandle.prototype;
  if (!('move' in file)) throw unsupported('this browser cannot move files, and so cannot write them safely');
  const inPlace = 'createSyncAccessHandle' in file;
  if (!inPlace && !('createWritable' in file)) {
    throw unsupported('this browser writes files in dedicated workers only: open the storage in one');
  }
  try {
    return { directory: await navigator.storage.getDirectory(), locks, inPlace };
  } catch (cause) {
    throw unsupported('the browser keeps no files for this page, as in a private window', cause);
  }
}

function unsupported(why: string, cause?: unknown): StowageError {
  return new StowageError('UNSUPPORTED', `no storage in the origin private file system: ${why}`, { cause });
}
