import * as fs from 'node:fs';
import { StowageError } from '@stowage/types';
import type { DiskPath } from './file-names.ts';

/** Failures that may pass by themselves. */
const PASSING: ReadonlySet<string> = new Set([
  'EAGAIN',
  'EBUSY',
  'EMFILE',
  'ENFILE',
  'EINTR',
  'ENOSPC',
  'EDQUOT',
]);

/** The code of a failure of the system; `undefined` for anything else. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** A failure of the system as one of ours. */
export function storageError(cause: unknown): StowageError {
  const reason = systemCode(cause);
  const message = cause instanceof Error ? cause.message : String(cause);
  return new StowageError('STORAGE', message, {
    cause,
    reason,
    retryable: reason !== undefined && PASSING.has(reason),
  });
}

/** What a file is opened with: made anew, by nobody's link. Windows has no such flag, and no bits of it count there. */
export const CREATE: number =
  fs.constants.O_WRONLY | fs.constants.O_CREAT | fs.constants.O_EXCL | fs.constants.O_NOFOLLOW;

/** What Node says where nothing is wrong is `null`, Bun says `undefined`. */
type Failure = NodeJS.ErrnoException | null | undefined;

/**
 * Calls of `node:fs` that take a callback, as promises. They cost about half of what `node:fs/promises` does, and an
 * image has very many files.
 */
export function call<T = void>(run: (done: (error: Failure, value: T) => void) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    run((error, value) => {
      if (error === null || error === undefined) resolve(value);
      else reject(error);
    });
  });
}

/** What is at a path itself; `undefined` where there is nothing. */
export async function statusAt(path: DiskPath): Promise<fs.Stats | undefined> {
  try {
    return await fs.promises.lstat(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
