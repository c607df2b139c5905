import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { iterate } from '@stowage/core';
import type { AbortOptions, ByteStream } from '@stowage/types';

/** Where a file is, and how the work on it ends early. */
export interface ArchiveFileOptions extends AbortOptions {
  /** What a relative path is relative to. */
  readonly cwd: string;
}

/**
 * Writes an archive to a file: the file is there when all of it is, and what was there before stays until then. Devices
 * and pipes are written to as they are.
 */
export async function writeArchiveFile(
  archive: ByteStream,
  file: string,
  { cwd, signal }: ArchiveFileOptions,
): Promise<void> {
  const path = resolve(cwd, file);
  if (await isSpecial(path)) {
    await write(archive, path, 'w', { signal });
    return;
  }
  const part = `${path}.${randomUUID()}.part`;
  try {
    await write(archive, part, 'wx', { signal });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** The bytes of a file, as they are asked for. */
export function readArchiveFile(file: string, { cwd }: ArchiveFileOptions): AsyncIterable<Uint8Array> {
  return createReadStream(resolve(cwd, file), { highWaterMark: 1 << 20 });
}

async function write(
  archive: ByteStream,
  path: string,
  flags: 'w' | 'wx',
  { signal }: AbortOptions,
): Promise<void> {
  let handle;
  try {
    handle = await open(path, flags, 0o600);
  } catch (error) {
    await archive.cancel(error);
    throw error;
  }
  try {
    for await (const bytes of iterate(archive, { signal })) await handle.writeFile(bytes);
    if (flags === 'wx') await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Whether there is something that a file cannot take the place of. */
async function isSpecial(path: string): Promise<boolean> {
  try {
    return !(await stat(path)).isFile();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
