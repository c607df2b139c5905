import { StowageError } from '@stowage/types';

/** Takes what a decoder makes of its input. It may throw, and what it throws ends the decoding. */
export type Emit = (bytes: Uint8Array) => void;

/**
 * Undoes one compression. Calls come one after the other, and none after one that failed except `free`. Bytes given to
 * `write` are not looked at any more once it is done.
 */
export interface Decoder {
  write(bytes: Uint8Array): Promise<void> | void;
  /** Everything has been written. Done once everything has been emitted and was found whole. */
  end(): Promise<void> | void;
  /** Lets go of everything; a call that is waiting fails with `reason`. Idempotent. */
  free(reason: unknown): void;
}

/** Streams that can be found invalid: `deflate` is a raw one. */
export type StreamFormat = 'gzip' | 'zlib' | 'deflate' | 'zstd';

/** A stream that is not what it should be, in zlib's words where the trouble is one of zlib's. */
export function invalidStream(format: StreamFormat, message: string, cause?: unknown): StowageError {
  return new StowageError(
    'INVALID_ARCHIVE',
    `invalid ${format} stream: ${message}`,
    cause === undefined ? {} : { cause },
  );
}

/** What follows a complete stream: zeros pad it to a block size, anything else was lost or smuggled in. */
export function checkPadding(format: StreamFormat, bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw trailingGarbage(format);
}

/** Bytes after a complete stream that begin no other part of it. */
export function trailingGarbage(format: StreamFormat, cause?: unknown): StowageError {
  return invalidStream(format, 'garbage after its end', cause);
}

/** zlib's words for a stream that does not begin as one. */
export const BAD_HEADER = 'incorrect header check';
