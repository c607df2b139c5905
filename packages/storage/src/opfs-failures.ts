import { StowageError } from '@stowage/types';

/** What a page's file system calls its failures, in the words of other file systems. */
const REASONS: Readonly<Record<string, string>> = {
  NotFoundError: 'ENOENT',
  QuotaExceededError: 'EDQUOT',
  NoModificationAllowedError: 'EBUSY',
  NotReadableError: 'ESTALE',
  InvalidModificationError: 'ENOTEMPTY',
  NotAllowedError: 'EACCES',
  SecurityError: 'EACCES',
};

const MESSAGES: Readonly<Record<string, string>> = {
  EDQUOT: 'the browser grants this site no more space',
  EEXIST: 'it is there already',
  EISDIR: 'it is a directory',
  ENOENT: 'there is no such file',
  ENOTDIR: 'it is no directory',
  ENOTEMPTY: 'the directory is not empty',
  ENOTSUP: 'a page cannot do that',
};

/** Failures that may pass by themselves. */
const PASSING: readonly string[] = ['EBUSY', 'ESTALE'];

/** A failure of the file system, as every other file system tells it. */
export function opfsFailure(reason: string, path: string, cause?: unknown): StowageError {
  const message = MESSAGES[reason] ?? (cause instanceof Error ? cause.message : 'it failed');
  return new StowageError('STORAGE', `${reason}: ${message}, ${path}`, {
    cause,
    reason,
    retryable: PASSING.includes(reason),
  });
}

/** The name of a browser's error: `NotFoundError` and so on. */
export function nameOf(error: unknown): string {
  const name = (error as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' ? name : 'Error';
}

/**
 * Turns the browser's errors into ours.
 *
 * @param mismatch what it means that a file was found where a directory was looked for, or the other way round
 */
export async function guarded<T>(
  path: string,
  run: () => Promise<T>,
  mismatch: 'EISDIR' | 'ENOTDIR' | 'EEXIST' = 'EISDIR',
): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof StowageError) throw error;
    const name = nameOf(error);
    throw opfsFailure(name === 'TypeMismatchError' ? mismatch : (REASONS[name] ?? name), path, error);
  }
}
