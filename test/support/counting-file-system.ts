import type { FileSystem } from '../../packages/storage/src/file-system.ts';
import { nodeFileSystem } from '../../packages/storage/src/node-file-system.ts';
import { shareSyncs } from '../../packages/storage/src/share-syncs.ts';

/** How often what was made durable. */
export interface SyncCounts {
  /** Contents of files. */
  files: number;
  /** Entries of directories. */
  directories: number;
  /** Every one of them, by path. */
  readonly log: string[];
}

/** The real file system, and a count of what is synced through it. */
export function countSyncs(): { readonly fs: FileSystem; readonly counts: SyncCounts } {
  const counts: SyncCounts = { files: 0, directories: 0, log: [] };
  const fs: FileSystem = {
    ...nodeFileSystem,
    open: async (path, mode) => {
      const file = await nodeFileSystem.open(path, mode);
      return {
        read: (buffer, position) => file.read(buffer, position),
        write: (bytes, position) => file.write(bytes, position),
        status: () => file.status(),
        truncate: (size) => file.truncate(size),
        sync: () => {
          counts.files += 1;
          counts.log.push(path);
          return file.sync();
        },
        touch: (at) => file.touch(at),
        close: () => file.close(),
      };
    },
    syncDirectory: shareSyncs((path) => {
      counts.directories += 1;
      counts.log.push(`${path}/`);
      return nodeFileSystem.syncDirectory(path);
    }),
  };
  return { fs, counts };
}
