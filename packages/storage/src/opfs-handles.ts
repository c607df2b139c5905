// What the web driver uses of the File System Standard and of Web Locks, and no more: what a page has fits these
// shapes, and so does what a test puts in its place.

/** A directory of the origin private file system. */
export interface OpfsDirectoryHandle {
  readonly kind: 'directory';
  getDirectoryHandle(name: string, options?: { readonly create?: boolean }): Promise<OpfsDirectoryHandle>;
  getFileHandle(name: string, options?: { readonly create?: boolean }): Promise<OpfsFileHandle>;
  removeEntry(name: string, options?: { readonly recursive?: boolean }): Promise<void>;
  entries(): AsyncIterable<readonly [string, OpfsDirectoryHandle | OpfsFileHandle]>;
}

/** A file of the origin private file system. */
export interface OpfsFileHandle {
  readonly kind: 'file';
  getFile(): Promise<OpfsSnapshot>;
  /** A stream whose bytes replace the file, in one step, when it is closed. */
  createWritable(options?: { readonly keepExistingData?: boolean }): Promise<OpfsWritable>;
  /** Writing in place; for one holder at a time, and in dedicated workers only. */
  createSyncAccessHandle(): Promise<OpfsSyncAccess>;
  /** Moves the file, over whatever file is there. */
  move(directory: OpfsDirectoryHandle, name: string): Promise<void>;
}

/** A file as it was: reading fails once it is changed, moved or removed. */
export interface OpfsSnapshot extends Blob {
  /** Milliseconds since the epoch. */
  readonly lastModified: number;
}

/** What a file is written through. */
export interface OpfsWritable {
  write(data: Uint8Array | Blob): Promise<void>;
  truncate(size: number): Promise<void>;
  close(): Promise<void>;
  abort(): Promise<void>;
}

/** A file that is open in a worker. */
export interface OpfsSyncAccess {
  read(buffer: Uint8Array, options: { readonly at: number }): number;
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  truncate(size: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}

/** How a lock of the browser is asked for. */
export interface LockOptions {
  readonly mode?: 'exclusive' | 'shared';
  readonly ifAvailable?: boolean;
  readonly signal?: AbortSignal;
}

/** `navigator.locks`. */
export interface LockManager {
  request<T>(name: string, options: LockOptions, run: (lock: object | null) => Promise<T>): Promise<T>;
}
