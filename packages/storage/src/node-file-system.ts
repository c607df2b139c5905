import { constants } from 'node:fs';
import type { Stats } from 'node:fs';
import { link, mkdir, open, readdir, rename, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { FileStatus, FileSystem, OpenFile, OpenMode } from './file-system.ts';
import { shareSyncs } from './share-syncs.ts';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;

/** `update` is not `a+`: on Linux that ignores positions when it writes. */
const FLAGS: Readonly<Record<OpenMode, string | number>> = {
  read: 'r',
  create: 'wx+',
  update: constants.O_RDWR | constants.O_CREAT,
};

/** How platforms and file systems say that they do not sync directories. */
const CANNOT_SYNC: readonly string[] = ['EACCES', 'EBADF', 'EINVAL', 'EISDIR', 'ENOSYS', 'ENOTSUP', 'EPERM'];

/** Failures that may pass by themselves. */
const PASSING: readonly string[] = ['EAGAIN', 'EBUSY', 'EMFILE', 'ENFILE', 'EINTR'];

/** The file system of Node, Deno and Bun. */
export const nodeFileSystem: FileSystem = {
  open: (path, mode) => guarded(async () => new NodeFile(await open(path, FLAGS[mode], FILE_MODE))),
  status: (path) => guarded(async () => statusOf(await stat(path))),
  list: (path) =>
    guarded(async () => {
      const entries = await readdir(path, { withFileTypes: true });
      return entries.map((entry) => ({ name: entry.name, directory: entry.isDirectory() }));
    }),
  makeDirectory: (path) => guarded(() => mkdir(path, { mode: DIRECTORY_MODE })),
  link: (from, to) => guarded(() => link(from, to)),
  rename: (from, to) => guarded(() => rename(from, to)),
  remove: (path) => guarded(() => unlink(path)),
  removeDirectory: (path) => guarded(() => rmdir(path)),
  touch: (path, at) => guarded(() => utimes(path, at / 1000, at / 1000)),
  syncDirectory: shareSyncs((path) => guarded(() => syncDirectory(path))),
};

class NodeFile implements OpenFile {
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  read(buffer: Bytes, position: number): Promise<number> {
    return guarded(async () => {
      const { bytesRead } = await this.#handle.read(buffer, 0, buffer.byteLength, position);
      return bytesRead;
    });
  }

  write(bytes: Bytes, position: number): Promise<number> {
    return guarded(async () => {
      const { bytesWritten } = await this.#handle.write(bytes, 0, bytes.byteLength, position);
      return bytesWritten;
    });
  }

  status(): Promise<FileStatus> {
    return guarded(async () => statusOf(await this.#handle.stat()));
  }

  truncate(size: number): Promise<void> {
    return guarded(() => this.#handle.truncate(size));
  }

  sync(): Promise<void> {
    return guarded(() => this.#handle.sync());
  }

  touch(at: number): Promise<void> {
    return guarded(() => this.#handle.utimes(at / 1000, at / 1000));
  }

  close(): Promise<void> {
    return guarded(() => this.#handle.close());
  }
}

async function syncDirectory(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!CANNOT_SYNC.includes(codeOf(error) ?? '')) throw error;
  }
}

function statusOf(stats: Stats): FileStatus {
  return { size: stats.size, changedAt: Math.round(stats.mtimeMs), directory: stats.isDirectory() };
}

/** Turns the system's errors into ours. */
async function guarded<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (cause) {
    const reason = codeOf(cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new StowageError('STORAGE', message, {
      cause,
      reason,
      retryable: reason !== undefined && PASSING.includes(reason),
    });
  }
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
