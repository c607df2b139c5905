import { StowageError } from '@stowage/types';
import type { CompressionFormat } from './compression-format.ts';

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

/** A stream that is not what it should be, in zlib's words where the trouble is one of zlib's. */
export function invalidStream(format: CompressionFormat, message: string, cause?: unknown): StowageError {
  return new StowageError(
    'INVALID_ARCHIVE',
    `invalid ${format} stream: ${message}`,
    cause === undefined ? {} : { cause },
  );
}

/** What follows a complete stream: zeros pad it to a block size, anything else was lost or smuggled in. */
export function checkPadding(format: CompressionFormat, bytes: Uint8Array): void {
  if (bytes.some((byte) => byte !== 0)) throw trailingGarbage(format);
}

/** Bytes after a complete stream that begin no other part of it. */
function trailingGarbage(format: CompressionFormat, cause?: unknown): StowageError {
  return invalidStream(format, 'garbage after its end', cause);
}

/** The words that zlib, and pako after it, has for a gzip member that does not begin as one. */
const BAD_MAGIC = 'incorrect header check';

/**
 * An error of zlib's. Only streams that begin as gzip come here, so a member that does not can only be what follows
 * the last one.
 */
export function gzipError(message: string, cause?: unknown): StowageError {
  return message === BAD_MAGIC ? trailingGarbage('gzip', cause) : invalidStream('gzip', message, cause);
}
