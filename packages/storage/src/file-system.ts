import type { Bytes } from '@stowage/types';

/**
 * What the file driver needs of a file system, and no more: small enough to be replaced by one that fails or dies at a
 * chosen point. Every call fails with `STORAGE`, whose `reason` is the system's code: `ENOENT`, `ENOSPC` and so on.
 */
export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  status(path: string): Promise<FileStatus>;
  list(path: string): Promise<readonly DirectoryEntry[]>;
  /** Makes a directory for the owner alone. */
  makeDirectory(path: string): Promise<void>;
  /** Gives a file another name, which must be free; the old one may be gone afterwards. */
  link(from: string, to: string): Promise<void>;
  /** Moves a file over whatever file is there, or a directory to where there is none or an empty one. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file. */
  remove(path: string): Promise<void>;
  /** Removes an empty directory. */
  removeDirectory(path: string): Promise<void>;
  /** Sets the time of the last change, milliseconds since the epoch. */
  touch(path: string, at: number): Promise<void>;
  /** Makes what happened to the entries of a directory durable, where the platform can. */
  syncDirectory(path: string): Promise<void>;
}

/** `create`: the file must not exist. `update`: it is made where it does not exist, for the owner alone. */
export type OpenMode = 'read' | 'create' | 'update';

/** An open file. */
export interface OpenFile {
  /** How many bytes a write should have, where every write is dear. Default: as many as there are. */
  readonly writeSize?: number;
  /** Reads into `buffer` from `position` on and tells how many bytes; 0 at the end of the file. */
  read(buffer: Bytes, position: number): Promise<number>;
  /** Writes some of `bytes` at `position` and tells how many. */
  write(bytes: Bytes, position: number): Promise<number>;
  status(): Promise<FileStatus>;
  truncate(size: number): Promise<void>;
  /** Makes the content durable. */
  sync(): Promise<void>;
  touch(at: number): Promise<void>;
  close(): Promise<void>;
}

/** What a file system knows of a file. */
export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** When it was changed last, milliseconds since the epoch. */
  readonly changedAt: number;
  readonly directory: boolean;
}

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly directory: boolean;
}
