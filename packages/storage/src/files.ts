import { isStowageError, StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { DirectoryEntry, FileStatus, FileSystem, OpenFile } from './file-system.ts';
import { dirname, join } from './paths.ts';

/** Begins the names of files that are being written. No key and no digest begins with a dot. */
const TEMPORARY_PREFIX = '.tmp-';

/** Begins the names of directories that become locks. */
export const LOCK_PREFIX = '.lock-';

/** What the file system says where there is no such file: the name is free, or a file stands where a folder should. */
const ABSENT: readonly string[] = ['ENOENT', 'ENOTDIR'];

/** What was meant for a moment and is older than this is nobody's: milliseconds. */
const TEMPORARY_AGE = 60 * 60 * 1000;

const MAX_ATTEMPTS = 8;

/** Whether an error is the file system's, for one of these reasons. */
export function failedWith(error: unknown, ...reasons: readonly string[]): boolean {
  return isStowageError(error, 'STORAGE') && error.reason !== undefined && reasons.includes(error.reason);
}

/** `undefined` instead of a failure for a file that is not there, and for other `reasons` where they are named. */
export async function ifThere<T>(result: Promise<T>, ...reasons: readonly string[]): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (failedWith(error, ...ABSENT, ...reasons)) return undefined;
    throw error;
  }
}

/** How something is written. */
export interface WriteOptions {
  /** Whether it must survive a crash of the machine, and not only of the process. Default `true`. */
  readonly durable?: boolean | undefined;
}

/** Makes a directory, as durable as is asked for, with those above it, which always are. */
export async function ensureDirectory(
  fs: FileSystem,
  path: string,
  options: WriteOptions = {},
): Promise<void> {
  if ((await statusIfThere(fs, path)) !== undefined) return;
  try {
    await fs.makeDirectory(path);
  } catch (error) {
    if (failedWith(error, 'EEXIST')) return;
    if (!failedWith(error, 'ENOENT') || dirname(path) === path) throw error;
    await ensureDirectory(fs, dirname(path));
    return ensureDirectory(fs, path, options);
  }
  if (options.durable ?? true) await fs.syncDirectory(dirname(path));
}

/** Makes something in a directory, and the directory where that is missing. */
export async function inDirectory<T>(
  fs: FileSystem,
  directory: string,
  make: () => Promise<T>,
  options?: WriteOptions,
): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await make();
    } catch (error) {
      // Others may remove an empty directory just before it is used, but hardly time and again.
      if (!failedWith(error, 'ENOENT') || attempt === MAX_ATTEMPTS) throw error;
    }
    await ensureDirectory(fs, directory, options);
  }
}

/** Replaces a file in one step: a temporary file is written, synced and renamed, and the directory synced. */
export async function replaceFile(
  fs: FileSystem,
  path: string,
  bytes: Bytes,
  options: WriteOptions = {},
): Promise<void> {
  const temporary = temporaryBeside(path);
  try {
    await writeNewFile(fs, temporary, bytes, options);
    await fs.rename(temporary, path);
  } catch (error) {
    await fs.remove(temporary).catch(() => undefined);
    throw error;
  }
  if (options.durable ?? true) await fs.syncDirectory(dirname(path));
}

/** Writes a file that must not be there yet. */
async function writeNewFile(
  fs: FileSystem,
  path: string,
  bytes: Bytes,
  { durable = true }: WriteOptions = {},
): Promise<void> {
  const file = await inDirectory(fs, dirname(path), () => fs.open(path, 'create'));
  await withFile(file, async () => {
    await writeFully(file, bytes, 0);
    if (durable) await file.sync();
  });
}

/** Makes a file in one step unless there is one already, which is left alone. */
export async function createOnce(fs: FileSystem, path: string, bytes: Bytes): Promise<void> {
  if ((await statusIfThere(fs, path)) !== undefined) return;
  const temporary = temporaryBeside(path);
  try {
    await writeNewFile(fs, temporary, bytes);
    await linkOrRename(fs, temporary, path);
  } finally {
    await fs.remove(temporary).catch(() => undefined);
  }
  await fs.syncDirectory(dirname(path));
}

/** Not every file system has links. Renaming leaves a moment in which the file of somebody else could be replaced. */
async function linkOrRename(fs: FileSystem, from: string, to: string): Promise<void> {
  try {
    await fs.link(from, to);
  } catch {
    if ((await statusIfThere(fs, to)) === undefined) await fs.rename(from, to);
  }
}

/** Writes all of `bytes` at `position`; tells `onWritten` of every piece, so that a failure leaves no doubt. */
export async function writeFully(
  file: OpenFile,
  bytes: Bytes,
  position: number,
  onWritten?: (count: number) => void,
): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const count = await file.write(at === 0 ? bytes : bytes.subarray(at), position + at);
    if (count === 0) throw new StowageError('STORAGE', 'nothing could be written', { reason: 'EIO' });
    at += count;
    onWritten?.(count);
  }
}

/** Fills `buffer` from `position` on; `DATA_LOSS` when the file ends before. */
export async function readFully(file: OpenFile, buffer: Bytes, position: number): Promise<void> {
  for (let at = 0; at < buffer.byteLength;) {
    const count = await file.read(at === 0 ? buffer : buffer.subarray(at), position + at);
    if (count === 0) throw new StowageError('DATA_LOSS', `a file ends at ${position + at}, before its end`);
    at += count;
  }
}

/** Runs something with an open file and closes it. */
export async function withFile<T>(file: OpenFile, run: (file: OpenFile) => Promise<T>): Promise<T> {
  try {
    return await run(file);
  } finally {
    await file.close();
  }
}

/**
 * A whole file, or `undefined` where there is none.
 *
 * @throws `LIMIT_EXCEEDED` when it has more than `maxBytes`
 */
export async function readFile(fs: FileSystem, path: string, maxBytes: number): Promise<Bytes | undefined> {
  const read = async (): Promise<Bytes> =>
    withFile(await fs.open(path, 'read'), async (file) => {
      const { size } = await file.status();
      if (size > maxBytes) {
        throw new StowageError(
          'LIMIT_EXCEEDED',
          `${path} has ${size} bytes, more than the ${maxBytes} allowed`,
        );
      }
      const bytes = new Uint8Array(size);
      await readFully(file, bytes, 0);
      return bytes;
    });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ifThere(read(), 'EISDIR');
    } catch (error) {
      // Some file systems forget a file that is replaced while it is read: pages' own, and those of a network.
      if (!failedWith(error, 'ESTALE') || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** What is known of a file, or `undefined` where there is none. */
export function statusIfThere(fs: FileSystem, path: string): Promise<FileStatus | undefined> {
  return ifThere(fs.status(path));
}

/** Whether a file is one that is being written, or was when somebody died. */
export function isTemporary(name: string): boolean {
  return name.startsWith(TEMPORARY_PREFIX);
}

/** Whether a directory is one that is to become a lock, or was when somebody died. */
export function isLockInTheMaking(name: string): boolean {
  return name.startsWith(LOCK_PREFIX);
}

/** Removes temporary files that a crash left behind, where it can: they are seen while a directory is listed anyway. */
export async function sweepTemporary(
  fs: FileSystem,
  directory: string,
  entries: readonly DirectoryEntry[],
  now: number,
): Promise<void> {
  for (const { name } of entries) {
    if (!isTemporary(name)) continue;
    const path = join(directory, name);
    if (await isAbandoned(fs, path, now)) await fs.remove(path).catch(() => undefined);
  }
}

/** Whether something that was meant for a moment is there still: whoever made it has died. */
export async function isAbandoned(fs: FileSystem, path: string, now: number): Promise<boolean> {
  const status = await statusIfThere(fs, path);
  return status !== undefined && now - status.changedAt > TEMPORARY_AGE;
}

/** Removes a file, where there is one. */
export async function removeIfThere(fs: FileSystem, path: string): Promise<void> {
  await ifThere(fs.remove(path));
}

/** Removes a file for good, where there is one. */
export async function removeDurably(fs: FileSystem, path: string): Promise<void> {
  const removed = await ifThere(fs.remove(path).then(() => true));
  if (removed) await fs.syncDirectory(dirname(path));
}

/** Removes a file or a directory with everything in it, where there is one. */
export async function removeTree(fs: FileSystem, path: string): Promise<void> {
  for (const { name, directory } of (await ifThere(fs.list(path))) ?? []) {
    if (directory) await removeTree(fs, join(path, name));
    else await removeIfThere(fs, join(path, name));
  }
  await ifThere(fs.removeDirectory(path));
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `${TEMPORARY_PREFIX}${crypto.randomUUID()}`);
}
