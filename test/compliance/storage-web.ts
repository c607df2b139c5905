import { openWebStorage } from '@stowage/storage/web';
import type { Storage } from '@stowage/types';
import type { StorageSubject } from './storage-subject.ts';

/** A storage in a directory of its own in the origin private file system. */
export async function webSubject(): Promise<StorageSubject> {
  const name = `compliance-${crypto.randomUUID()}`;
  const opened: Storage[] = [];
  const open = async (): Promise<Storage> => {
    const storage = await openWebStorage(name);
    opened.push(storage);
    return storage;
  };
  return {
    storage: await open(),
    reopen: open,
    teardown: async () => {
      for (const storage of opened) await storage.close();
      const files = await navigator.storage.getDirectory();
      const leftovers: string[] = [];
      await collect(await files.getDirectoryHandle(name), '', leftovers);
      await files.removeEntry(name, { recursive: true });
      if (leftovers.length > 0) throw new Error(`the storage left behind ${leftovers.join(', ')}`);
    },
  };
}

/** Whatever must not outlive its use: temporary files, the swap files of streams, and blobs that were moved aside. */
async function collect(
  directory: FileSystemDirectoryHandle,
  path: string,
  leftovers: string[],
): Promise<void> {
  for await (const [name, handle] of directory.entries()) {
    const at = `${path}/${name}`;
    if (handle.kind === 'directory') await collect(handle, at, leftovers);
    else if (name.startsWith('.tmp-') || name.endsWith('.crswap') || path === '/.removed') leftovers.push(at);
  }
}
