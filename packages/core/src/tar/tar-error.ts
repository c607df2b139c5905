import { StowageError } from '@stowage/types';

// The two errors of the tar files. Internal to them.

/** `INVALID_ARCHIVE`. */
export function invalidTar(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}

/** `LIMIT_EXCEEDED`. */
export function tarLimit(what: string): StowageError {
  return new StowageError('LIMIT_EXCEEDED', `tar archive refused: ${what}`);
}
