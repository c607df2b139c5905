import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Bytes, Clock, ContentInfo, Storage } from '@stowage/types';
import { openFileStorage } from '../file-storage.ts';

/** A directory of its own for one test, and the storages that were opened in it. */
export interface FileSandbox {
  /** The directory. */
  readonly path: string;
  /** Where the storage is, in the directory. */
  readonly root: string;
  /** Opens a storage; in `root` unless told otherwise. */
  open(clock?: Clock, at?: string): Promise<Storage>;
  /** Closes the storages and removes the directory. */
  remove(): Promise<void>;
}

export async function makeFileSandbox(): Promise<FileSandbox> {
  const path = await mkdtemp(join(tmpdir(), 'stowage-files-'));
  const root = join(path, 'root');
  const opened: Storage[] = [];
  return {
    path,
    root,
    open: async (clock, at = root) => {
      const storage = await openFileStorage(at, { clock });
      opened.push(storage);
      return storage;
    },
    remove: async () => {
      for (const storage of opened.splice(0)) await storage.close();
      await rm(path, { recursive: true });
    },
  };
}

export function text(value: string): Bytes {
  return new TextEncoder().encode(value);
}

export function sha256(value: string): string {
  return createHash('sha256').update(value).digest('hex');
}

/** Puts a text into a storage as a blob. */
export async function put(
  storage: Storage,
  value: string,
  labels?: Record<string, string>,
): Promise<ContentInfo> {
  const ingest = await storage.content.ingest(`put ${value.slice(0, 20)}`, { labels });
  await ingest.write(text(value));
  return ingest.commit();
}
