import type { Bytes } from '@stowage/types';
import { invalidTar } from './tar-error.ts';

// The numbers of a tar header. Internal to the tar files.

const NUL = 0;
const SPACE = 0x20;

/**
 * The number in the field of `length` bytes at `at`: octal digits between blanks, or GNU's base 256. A field of NULs or
 * blanks is 0. Fields that GNU tar, Python and Go read as different numbers are refused. `INVALID_ARCHIVE`.
 */
export function decodeNumber(bytes: Bytes, at: number, length: number, field: string): number {
  const end = at + length;
  const first = bytes[at] ?? 0;
  if (first >= 0x80) return decodeBase256(bytes, at, end, field);
  // GNU tar and Go pass over a NUL in front of digits; Python is at the end there.
  if (first === NUL && bytes[at + 1] !== NUL) throw malformed(field);
  return decodeOctal(bytes, at, end, field);
}

/** The same for a field that takes no base 256. */
export function decodeOctal(bytes: Bytes, at: number, end: number, field: string): number {
  let i = at;
  while (i < end && bytes[i] === SPACE) i++;
  let value = 0;
  for (; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) break;
    value = value * 8 + digit;
  }
  while (i < end && bytes[i] === SPACE) i++;
  if (i < end && bytes[i] !== NUL) throw malformed(field);
  return value;
}

/** Two's complement, whose first byte tells the sign and nothing else. */
function decodeBase256(bytes: Bytes, at: number, end: number, field: string): number {
  const first = bytes[at];
  if (first !== 0x80 && first !== 0xff) throw malformed(field);
  let value = first === 0x80 ? 0 : -1;
  for (let i = at + 1; i < end; i++) value = value * 256 + (bytes[i] ?? 0);
  if (!Number.isSafeInteger(value)) throw invalidTar(`invalid tar header: ${field} is out of range`);
  return value;
}

function malformed(field: string): Error {
  return invalidTar(`invalid tar header: malformed ${field}`);
}
