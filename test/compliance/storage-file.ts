import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFileStorage } from '@stowage/storage/node';
import type { Storage } from '@stowage/types';
import type { StorageSubject } from './storage-subject.ts';

/**
 * A storage in a directory of its own. Its teardown looks at everything that a test left there: nothing beside the
 * root, nothing that others may read, no temporary file.
 */
export async function fileSubject(): Promise<StorageSubject> {
  const sandbox = await mkdtemp(join(tmpdir(), 'stowage-compliance-'));
  const root = join(sandbox, 'root');
  const opened: Storage[] = [];
  const open = async (): Promise<Storage> => {
    const storage = await openFileStorage(root);
    opened.push(storage);
    return storage;
  };
  return {
    storage: await open(),
    reopen: open,
    teardown: async () => {
      for (const storage of opened) await storage.close();
      try {
        assert.deepEqual(await readdir(sandbox), ['root']);
        for (const name of await readdir(root, { recursive: true })) {
          const status = await stat(join(root, name));
          assert.equal(status.mode & 0o777, status.isDirectory() ? 0o700 : 0o600, name);
          assert.doesNotMatch(name, /(?:^|\/)(?:\.tmp-.*|\.lock-.*|lock|locks\/.+)$/);
        }
      } finally {
        await rm(sandbox, { recursive: true });
      }
    },
  };
}
