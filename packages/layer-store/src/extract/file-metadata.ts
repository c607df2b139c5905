import * as fs from 'node:fs';
import type { LayerEntry } from '@stowage/types';
import type { DiskPath } from './file-names.ts';
import { call } from './node-files.ts';

/** Gives files the owner, mode and times of their entries. */
export class FileMetadata {
  readonly owners: 'keep' | 'mine';
  readonly #uid: number;
  readonly #gid: number;

  constructor(owners: 'keep' | 'mine') {
    this.owners = owners;
    // Windows knows no users by number.
    this.#uid = process.geteuid?.() ?? 0;
    this.#gid = process.getegid?.() ?? 0;
  }

  /** What a new file is opened with. Nobody else can reach it before it has its own mode. */
  creationMode({ mode }: LayerEntry): number {
    return mode & 0o777;
  }

  /** Of an open file that was made with {@link FileMetadata.creationMode}. A new owner takes the special bits away. */
  async applyToFile(fd: number, entry: LayerEntry): Promise<void> {
    const { uid, gid, mode } = entry;
    if (this.#changesOwner(entry))
      await call((done) => {
        fs.fchown(fd, uid, gid, done);
      });
    // The mode that it was made with lacks what the umask of the process takes away, and special bits.
    await call((done) => {
      fs.fchmod(fd, mode, done);
    });
    const time = timeOf(entry);
    await call((done) => {
      fs.futimes(fd, time, time, done);
    });
  }

  /** Of a directory, or a special file: anything that is no link. */
  async applyToPath(path: DiskPath, entry: LayerEntry): Promise<void> {
    const { uid, gid, mode } = entry;
    if (this.#changesOwner(entry))
      await call((done) => {
        fs.lchown(path, uid, gid, done);
      });
    await call((done) => {
      fs.chmod(path, mode, done);
    });
    const time = timeOf(entry);
    await call((done) => {
      fs.utimes(path, time, time, done);
    });
  }

  /** Of a symbolic link itself; it has no mode of its own. */
  async applyToLink(path: DiskPath, entry: LayerEntry): Promise<void> {
    const { uid, gid } = entry;
    if (this.#changesOwner(entry))
      await call((done) => {
        fs.lchown(path, uid, gid, done);
      });
    const time = timeOf(entry);
    await call((done) => {
      fs.lutimes(path, time, time, done);
    });
  }

  #changesOwner({ uid, gid }: LayerEntry): boolean {
    return this.owners === 'keep' && (uid !== this.#uid || gid !== this.#gid);
  }
}

/** Node takes a negative number for no time at all, but not a date before 1970. */
function timeOf({ mtime }: LayerEntry): number | Date {
  return mtime < 0 ? new Date(mtime * 1000) : mtime;
}
