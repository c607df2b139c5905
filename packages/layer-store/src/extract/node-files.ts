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

/**
 * Calls of `node:fs` that take a callback, as promises. They cost about half of what `node:fs/promises` does, and an
 * image has very many files.
 */
export function call(run: (done: (error: NodeJS.ErrnoException | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    run((error) => {
      if (error === null) resolve();
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
