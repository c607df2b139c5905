import type { DirectoryEntry, FileStatus, FileSystem, OpenFile, OpenMode } from './file-system.ts';
import { ifThere } from './files.ts';
import { OpfsDirectories } from './opfs-directories.ts';
import { guarded, nameOf, opfsFailure } from './opfs-failures.ts';
import type { LockManager, OpfsDirectoryHandle, OpfsSnapshot } from './opfs-handles.ts';
import { findPieces, piecesOf } from './opfs-pieces.ts';
import { openHeld, openSmall, openSnapshot, statusOf } from './opfs-read-file.ts';
import { OpfsRemovedBlobs } from './opfs-removed-blobs.ts';
import { OpfsPiecedFile, OpfsStreamFile, OpfsSyncFile } from './opfs-written-files.ts';
import { basename, dirname } from './paths.ts';

/** What a page or a worker has. */
export interface Opfs {
  /** The directory that paths begin at. */
  readonly directory: OpfsDirectoryHandle;
  readonly locks: LockManager;
  /** Whether files are written in place, as dedicated workers can, or through streams. */
  readonly inPlace: boolean;
}

/**
 * The origin private file system of a page, as any other. What it does not have: links, times that can be set (a file
 * keeps the time when it was written), making things durable at once (the browser does that in its own time, and
 * never halfway).
 */
export class OpfsFileSystem implements FileSystem {
  readonly #directories: OpfsDirectories;
  readonly #removed: OpfsRemovedBlobs;
  readonly #locks: LockManager;
  readonly #inPlace: boolean;
  /** The files that are open for writing in place, by path. */
  readonly #open = new Map<string, OpfsSyncFile>();

  /**
   * @param opfs what there is
   * @param root the directory of the store, whose blobs are read on when they are removed
   */
  constructor({ directory, locks, inPlace }: Opfs, root: string) {
    this.#directories = new OpfsDirectories(directory);
    this.#removed = new OpfsRemovedBlobs(this.#directories, locks, root);
    this.#locks = locks;
    this.#inPlace = inPlace;
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return guarded(path, () => {
      if (mode === 'read') return this.#openToRead(path);
      return mode === 'create' ? this.#create(path) : this.#openToUpdate(path);
    });
  }

  status(path: string): Promise<FileStatus> {
    return guarded(path, async () => {
      const parent = await this.#directories.get(dirname(path));
      try {
        const status = statusOf(await (await parent.getFileHandle(basename(path))).getFile());
        const pieces = status.size === 0 ? await findPieces(parent, basename(path), path) : undefined;
        return pieces === undefined ? status : { ...status, size: pieces.size, changedAt: pieces.changedAt };
      } catch (error) {
        if (nameOf(error) !== 'TypeMismatchError') throw error;
        return { size: 0, changedAt: 0, directory: true };
      }
    });
  }

  list(path: string): Promise<readonly DirectoryEntry[]> {
    return guarded(path, async () => {
      const entries: DirectoryEntry[] = [];
      for await (const [name, { kind }] of (await this.#directories.get(path)).entries()) {
        entries.push({ name, directory: kind === 'directory' });
      }
      return entries;
    });
  }

  async makeDirectory(path: string): Promise<void> {
    if ((await ifThere(this.status(path))) !== undefined) throw opfsFailure('EEXIST', path);
    await this.#directories.make(path);
  }

  /** Moves the file, for one cannot have two names. */
  link(from: string, to: string): Promise<void> {
    return this.#move(from, to, true);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#move(from, to, false);
  }

  async remove(path: string): Promise<void> {
    await this.#open.get(path)?.suspend();
    await guarded(path, async () => {
      const parent = await this.#directories.get(dirname(path));
      // What removes a file removes an empty directory just as well.
      await parent.getFileHandle(basename(path));
      if (this.#removed.isBlob(path)) await this.#alone(path, () => this.#removed.remove(path));
      else await this.#alone(path, () => parent.removeEntry(basename(path)));
    });
  }

  removeDirectory(path: string): Promise<void> {
    return guarded(
      path,
      async () => {
        const parent = await this.#directories.get(dirname(path));
        await parent.getDirectoryHandle(basename(path));
        await parent.removeEntry(basename(path));
        this.#directories.forget(path);
      },
      'ENOTDIR',
    );
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  syncDirectory(): Promise<void> {
    return Promise.resolve();
  }

  /** Removes blobs that were read when they were removed, by somebody who died. */
  async sweep(): Promise<void> {
    await this.#removed.sweep();
  }

  async #move(from: string, to: string, mustBeFree: boolean): Promise<void> {
    await this.#open.get(from)?.suspend();
    await guarded(to, async () => {
      const source = await this.#directories.get(dirname(from));
      const target = await this.#directories.get(dirname(to));
      const file = await source.getFileHandle(basename(from));
      const { size } = await file.getFile();
      const pieces = size === 0 ? await findPieces(source, basename(from), from) : undefined;
      const whole = pieces === undefined || pieces.size === 0 ? file : await pieces.join();
      await this.#alone(to, async () => {
        if (mustBeFree && (await ifThere(this.status(to))) !== undefined) throw opfsFailure('EEXIST', to);
        await whole.move(target, basename(to));
      });
      if (pieces === undefined) return;
      await source.removeEntry(piecesOf(basename(from)), { recursive: true });
      if (whole !== file) await source.removeEntry(basename(from));
    });
  }

  async #openToRead(path: string): Promise<OpenFile> {
    const snapshot = (): Promise<OpfsSnapshot> => this.#snapshot(path);
    const small = await openSmall(path, snapshot);
    if (small !== undefined) return small;
    if (!this.#removed.isBlob(path)) return openSnapshot(path, await snapshot());
    const held = await this.#removed.hold(path);
    try {
      return openHeld(path, await snapshot(), held);
    } catch (error) {
      await held.release();
      throw error;
    }
  }

  async #snapshot(path: string): Promise<OpfsSnapshot> {
    const parent = await this.#directories.get(dirname(path));
    return (await parent.getFileHandle(basename(path))).getFile();
  }

  async #create(path: string): Promise<OpenFile> {
    if ((await ifThere(this.status(path))) !== undefined) throw opfsFailure('EEXIST', path);
    const parent = await this.#directories.get(dirname(path));
    const handle = await parent.getFileHandle(basename(path), { create: true });
    return this.#inPlace ? new OpfsSyncFile(path, handle) : new OpfsStreamFile(path, handle);
  }

  async #openToUpdate(path: string): Promise<OpenFile> {
    const parent = await this.#directories.get(dirname(path));
    if (!this.#inPlace) return OpfsPiecedFile.open(parent, basename(path), path);
    await this.#gather(parent, path);
    const handle = await parent.getFileHandle(basename(path), { create: true });
    const file = new OpfsSyncFile(path, handle, () => {
      if (this.#open.get(path) === file) this.#open.delete(path);
    });
    this.#open.set(path, file);
    return file;
  }

  /** Makes the pieces that a window left one file, which can be written in place. */
  async #gather(parent: OpfsDirectoryHandle, path: string): Promise<void> {
    const name = basename(path);
    const handle = await parent.getFileHandle(name, { create: true });
    if ((await handle.getFile()).size > 0) return;
    const pieces = await findPieces(parent, name, path);
    if (pieces === undefined) return;
    const whole = await pieces.gather((first) => new OpfsSyncFile(path, first));
    await whole?.move(parent, name);
    await parent.removeEntry(piecesOf(name), { recursive: true });
  }

  /** Moves to and removals of one path, one at a time: the browser refuses them beside each other. */
  #alone<T>(path: string, run: () => Promise<T>): Promise<T> {
    return this.#locks.request(`stowage-change:${path}`, {}, run);
  }
}
