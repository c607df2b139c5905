import { StowageError } from '@stowage/types';

// Errors that every driver throws in the same words: containerd's, where containerd has words.

/** A blob that is not there. */
export function contentNotFound(digest: string): StowageError {
  return new StowageError('NOT_FOUND', `content digest ${digest}: not found`);
}

/** A blob that need not be taken in. */
export function contentExists(digest: string): StowageError {
  return new StowageError('ALREADY_EXISTS', `content ${digest}: already exists`);
}

/** An ingest that somebody else has open. */
export function refLocked(ref: string): StowageError {
  return new StowageError('UNAVAILABLE', `ref ${JSON.stringify(ref)} locked: unavailable`, {
    retryable: true,
  });
}

/** A blob larger than what may be read of it. */
export function contentTooLarge(digest: string, size: number, maxBytes: number): StowageError {
  return new StowageError(
    'LIMIT_EXCEEDED',
    `content digest ${digest} has ${size} bytes, more than the ${maxBytes} allowed`,
  );
}

/** A storage that was closed. */
export function storageClosed(): StowageError {
  return new StowageError('UNAVAILABLE', 'the storage is closed');
}
