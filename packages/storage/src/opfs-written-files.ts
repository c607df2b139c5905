import type { Bytes } from '@stowage/types';
import type { FileStatus, OpenFile } from './file-system.ts';
import { guarded, opfsFailure } from './opfs-failures.ts';
import type {
  OpfsDirectoryHandle,
  OpfsFileHandle,
  OpfsSyncAccess,
  OpfsSnapshot,
  OpfsWritable,
} from './opfs-handles.ts';
import { findPieces, OpfsPieces, piecesOf } from './opfs-pieces.ts';
import { statusOf } from './opfs-read-file.ts';

/** The most bytes of one write to a stream: in private windows Chromium tells of a larger one only that it failed. */
const LARGEST_WRITE = 1024 * 1024;

/** Chromium's number for a lack of space. */
const NO_SPACE = -8;

/** A new file that a window writes from its beginning to its end. What it has shows when it is closed. */
export class OpfsStreamFile implements OpenFile {
  readonly #path: string;
  readonly #handle: OpfsFileHandle;
  #stream: OpfsWritable | undefined;
  #size = 0;
  #failed = false;

  constructor(path: string, handle: OpfsFileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  read(): Promise<number> {
    return Promise.reject(opfsFailure('EBADF', this.#path));
  }

  write(bytes: Bytes, position: number): Promise<number> {
    return guarded(this.#path, async () => {
      if (position !== this.#size) throw opfsFailure('EINVAL', this.#path);
      this.#failed = true;
      this.#stream ??= await this.#handle.createWritable();
      const piece = bytes.subarray(0, LARGEST_WRITE);
      await this.#stream.write(piece);
      this.#failed = false;
      this.#size += piece.byteLength;
      return piece.byteLength;
    });
  }

  status(): Promise<FileStatus> {
    return guarded(this.#path, async () => ({
      ...statusOf(await this.#handle.getFile()),
      size: this.#size,
    }));
  }

  truncate(): Promise<void> {
    return Promise.reject(opfsFailure('ENOTSUP', this.#path));
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    const stream = this.#stream;
    this.#stream = undefined;
    // What the stream failed with was told already.
    if (this.#failed) await stream?.abort().catch(() => undefined);
    else if (stream !== undefined) await guarded(this.#path, () => stream.close());
  }
}

/** A file that a window changes: in pieces, but for what a worker wrote of it. */
export class OpfsPiecedFile implements OpenFile {
  /** Every write makes a piece. */
  readonly writeSize: number = LARGEST_WRITE;
  readonly #path: string;
  readonly #parent: OpfsDirectoryHandle;
  readonly #name: string;
  /** What lies in one file still. */
  #whole: OpfsSnapshot | undefined;
  #pieces: OpfsPieces | undefined;

  private constructor(parent: OpfsDirectoryHandle, name: string, path: string) {
    this.#parent = parent;
    this.#name = name;
    this.#path = path;
  }

  static async open(parent: OpfsDirectoryHandle, name: string, path: string): Promise<OpfsPiecedFile> {
    const file = new OpfsPiecedFile(parent, name, path);
    const base = await (await parent.getFileHandle(name, { create: true })).getFile();
    if (base.size > 0) file.#whole = base;
    else file.#pieces = await findPieces(parent, name, path);
    await file.#pieces?.tidy();
    return file;
  }

  read(buffer: Bytes, position: number): Promise<number> {
    return guarded(this.#path, async () => {
      if (this.#whole === undefined) return (await this.#pieces?.read(buffer, position)) ?? 0;
      const part = this.#whole.slice(position, position + buffer.byteLength);
      buffer.set(new Uint8Array(await part.arrayBuffer()));
      return part.size;
    });
  }

  write(bytes: Bytes, position: number): Promise<number> {
    return guarded(this.#path, async () => {
      const pieces = await this.#inPieces();
      if (position !== pieces.size) throw opfsFailure('EINVAL', this.#path);
      const piece = bytes.subarray(0, LARGEST_WRITE);
      await pieces.append(piece);
      return piece.byteLength;
    });
  }

  status(): Promise<FileStatus> {
    if (this.#whole !== undefined) return Promise.resolve(statusOf(this.#whole));
    const { size = 0, changedAt = 0 } = this.#pieces ?? {};
    return Promise.resolve({ size, changedAt, directory: false });
  }

  truncate(size: number): Promise<void> {
    return guarded(this.#path, async () => (await this.#inPieces()).truncate(size));
  }

  sync(): Promise<void> {
    return Promise.resolve();
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Makes the file its own first piece. At every step of this the bytes are the same. */
  async #inPieces(): Promise<OpfsPieces> {
    if (this.#pieces !== undefined) return this.#pieces;
    const name = piecesOf(this.#name);
    const directory = await this.#parent.getDirectoryHandle(name, { create: true });
    if (this.#whole !== undefined) {
      // Beside a file with content they are left over from when it was joined.
      await new OpfsPieces(directory, this.#path).tidy();
      await (await this.#parent.getFileHandle(this.#name)).move(directory, '0');
      await this.#parent.getFileHandle(this.#name, { create: true });
      this.#whole = undefined;
    }
    this.#pieces = await OpfsPieces.find(directory, this.#path);
    return this.#pieces;
  }
}

/** A file that a worker changes in place. */
export class OpfsSyncFile implements OpenFile {
  readonly #path: string;
  readonly #handle: OpfsFileHandle;
  readonly #onClose: () => void;
  #access: Promise<OpfsSyncAccess> | undefined;

  constructor(path: string, handle: OpfsFileHandle, onClose: () => void = () => undefined) {
    this.#path = path;
    this.#handle = handle;
    this.#onClose = onClose;
  }

  read(buffer: Bytes, position: number): Promise<number> {
    return this.#run((access) => access.read(buffer, { at: position }));
  }

  write(bytes: Bytes, position: number): Promise<number> {
    return this.#run((access) => {
      try {
        return this.#written(access.write(bytes, { at: position }), bytes.byteLength);
      } catch (error) {
        // Part of the bytes may be there.
        if (access.getSize() > position) access.truncate(position);
        throw error;
      }
    });
  }

  status(): Promise<FileStatus> {
    return guarded(this.#path, async () => statusOf(await this.#handle.getFile()));
  }

  truncate(size: number): Promise<void> {
    return this.#run((access) => {
      access.truncate(size);
    });
  }

  async sync(): Promise<void> {
    // Where nothing was written there is nothing to sync.
    if (this.#access === undefined) return;
    await this.#run((access) => {
      access.flush();
    });
  }

  touch(): Promise<void> {
    return Promise.resolve();
  }

  async close(): Promise<void> {
    await this.suspend();
    this.#onClose();
  }

  /** Lets the file go until it is used again: while it is open, it can neither be moved nor removed. */
  async suspend(): Promise<void> {
    const access = this.#access;
    this.#access = undefined;
    await guarded(this.#path, async () => {
      (await access)?.close();
    });
  }

  /** In private windows Chromium answers an error's negative number, and that as a positive one. */
  #written(count: number, expected: number): number {
    if (count > 0 && count <= expected) return count;
    throw opfsFailure((count | 0) === NO_SPACE ? 'EDQUOT' : 'EIO', this.#path);
  }

  #run<T>(use: (access: OpfsSyncAccess) => T): Promise<T> {
    return guarded(this.#path, async () => use(await this.#opened()));
  }

  async #opened(): Promise<OpfsSyncAccess> {
    this.#access ??= this.#handle.createSyncAccessHandle();
    try {
      return await this.#access;
    } catch (error) {
      // The next use tries again.
      this.#access = undefined;
      throw error;
    }
  }
}
