import { StowageError } from '@stowage/types';

/** The error for a table of contents that is not one, or does not fit its layer. */
export function invalidToc(message: string, cause?: unknown): StowageError {
  const options = cause === undefined ? {} : { cause };
  return new StowageError('INVALID_ARCHIVE', `invalid table of contents: ${message}`, options);
}

/** The error for a table that asks for too much. */
export function beyondLimit(what: string, most: number): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `table of contents: ${what} more than ${most}`);
}

/** The error for bytes that are not those of a digest. */
export function wrongDigest(what: string, expected: string, actual: string): StowageError {
  return new StowageError('DIGEST_MISMATCH', `${what}: expected ${expected}, got ${actual}`);
}
