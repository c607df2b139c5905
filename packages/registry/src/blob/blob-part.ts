import { StowageError } from '@stowage/types';
import type { OpenBlobOptions } from '@stowage/types';

/** Which bytes of a blob are wanted. */
export interface BlobPart {
  readonly offset: number;
  /** How many bytes are wanted at most; absent for all that follow. */
  readonly length: number | undefined;
  /** The size of the whole blob, where it is known. */
  readonly size: number | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Reads what part the options ask for.
 *
 * @throws `INVALID_ARGUMENT` for anything but counts of bytes, and for an offset beyond the end
 */
export function partOf({ offset = 0, length, size, signal }: OpenBlobOptions): BlobPart {
  for (const count of [offset, length ?? 0, size ?? 0, offset + (length ?? 0)]) {
    if (Number.isSafeInteger(count) && count >= 0) continue;
    throw new StowageError('INVALID_ARGUMENT', 'offset, length and size must be counts of bytes');
  }
  if (size !== undefined && offset > size) {
    throw new StowageError('INVALID_ARGUMENT', `offset ${offset} is beyond the end of ${size} bytes`);
  }
  return { offset, length, size, signal };
}

/** Whether nothing is left out. */
export function isWhole({ offset, length, size }: BlobPart): boolean {
  return offset === 0 && (length === undefined || length === size);
}

/** How many bytes are wanted; `undefined` where the size would have to be known. */
export function wantedLength({ offset, length, size }: BlobPart): number | undefined {
  if (size === undefined) return length;
  return Math.min(length ?? Infinity, size - offset);
}

/** The `Range` header that asks for a part. */
export function rangeOf({ offset, length }: BlobPart): string {
  return `bytes=${offset}-${length === undefined ? '' : String(offset + length - 1)}`;
}

/** How a blob is cut into ranges. */
export interface PartPlan {
  readonly connections: number;
  /** Bytes of a part; the last one may be shorter. */
  readonly partSize: number;
}

/** The error for a range with more or fewer bytes than were announced. */
export function wrongLength(excess: number): StowageError {
  const what = excess < 0 ? `${String(-excess)} bytes fewer` : `${String(excess)} bytes more`;
  return new StowageError('SIZE_MISMATCH', `registry sent ${what} than it said of a range`);
}
