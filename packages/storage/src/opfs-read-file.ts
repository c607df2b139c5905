import type { Bytes } from '@stowage/types';
import type { FileStatus, OpenFile } from './file-system.ts';
import { guarded, nameOf, opfsFailure } from './opfs-failures.ts';
import type { OpfsSnapshot } from './opfs-handles.ts';

/** A file up to this size is read in one go when it is opened: whatever then happens to it does no harm. */
const SMALL = 256 * 1024;

/** How a snapshot says that its file is another by now, or elsewhere. */
const STALE: readonly string[] = ['NotFoundError', 'NotReadableError'];
const MAX_ATTEMPTS = 8;

/** A file that stays while it is read, whoever removes it. */
export interface HeldFile {
  /** The file as it is now, wherever it is. */
  find(): Promise<OpfsSnapshot>;
  /** Lets it go. */
  release(): Promise<void>;
}

/** Opens a small file; `undefined` for a large one. A file that changes while it is read is read anew. */
export async function openSmall(
  path: string,
  find: () => Promise<OpfsSnapshot>,
): Promise<OpenFile | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const snapshot = await find();
    if (snapshot.size > SMALL) return undefined;
    try {
      const bytes = new Uint8Array(await snapshot.arrayBuffer());
      const read = (buffer: Bytes, position: number): Promise<number> => {
        const part = bytes.subarray(position, position + buffer.byteLength);
        buffer.set(part);
        return Promise.resolve(part.byteLength);
      };
      return readOnly(path, snapshot, read);
    } catch (error) {
      if (!STALE.includes(nameOf(error)) || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Opens a file of any size, and lets it go when it is closed. */
export function openHeld(path: string, first: OpfsSnapshot, held: HeldFile): OpenFile {
  let snapshot = first;
  const read = async (buffer: Bytes, position: number): Promise<number> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const part = snapshot.slice(position, position + buffer.byteLength);
        buffer.set(new Uint8Array(await part.arrayBuffer()));
        return part.size;
      } catch (error) {
        if (!STALE.includes(nameOf(error)) || attempt === MAX_ATTEMPTS) throw error;
        snapshot = await held.find();
      }
    }
  };
  return readOnly(path, first, read, () => held.release());
}

/** Opens a file of any size that fails with `ESTALE` once it is replaced or removed. */
export function openSnapshot(path: string, snapshot: OpfsSnapshot): OpenFile {
  const read = async (buffer: Bytes, position: number): Promise<number> => {
    const part = snapshot.slice(position, position + buffer.byteLength);
    try {
      buffer.set(new Uint8Array(await part.arrayBuffer()));
    } catch (error) {
      throw STALE.includes(nameOf(error)) ? opfsFailure('ESTALE', path, error) : error;
    }
    return part.size;
  };
  return readOnly(path, snapshot, read);
}

/** What a snapshot tells of its file. */
export function statusOf({ size, lastModified }: OpfsSnapshot): FileStatus {
  return { size, changedAt: lastModified, directory: false };
}

function readOnly(
  path: string,
  snapshot: OpfsSnapshot,
  read: (buffer: Bytes, position: number) => Promise<number>,
  close: () => Promise<void> = nothing,
): OpenFile {
  const refuse = (): Promise<never> => Promise.reject(opfsFailure('EBADF', path));
  return {
    read: (buffer, position) => guarded(path, () => read(buffer, position)),
    status: () => Promise.resolve(statusOf(snapshot)),
    write: refuse,
    truncate: refuse,
    sync: nothing,
    touch: nothing,
    close,
  };
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
