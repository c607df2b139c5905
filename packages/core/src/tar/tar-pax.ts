import type { Bytes } from '@stowage/types';
import { invalidTar } from './tar-error.ts';
import { decodeTarText, encodeTarText } from './tar-text.ts';

// Pax extended header records (POSIX.1-2017, pax, "pax Extended Header"). Internal to the tar files.

/** What the keys of extended attributes begin with. */
export const XATTR_PREFIX = 'SCHILY.xattr.';

const TAB = 0x09;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const EQUALS = 0x3d;

/** Reads the records `"<length> <key>=<value>\n"` of a header. `INVALID_ARCHIVE`. */
export function decodePax(bytes: Bytes, onRecord: (key: string, value: Bytes) => void): void {
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(SPACE, at);
    const length = space < 0 ? 0 : decimalLength(bytes, at, space);
    const end = at + length;
    const equals = bytes.indexOf(EQUALS, space);
    // The key may not be empty, the record may not leave the header, and it ends in a newline.
    if (
      length === 0 ||
      end > bytes.length ||
      equals <= space + 1 ||
      equals >= end ||
      bytes[end - 1] !== NEWLINE
    ) {
      throw malformed('record');
    }
    const first = bytes[space + 1];
    const key = decodeTarText(bytes.subarray(space + 1, equals));
    // GNU tar passes over blanks before a key and ends it at a NUL; others take them as part of it.
    if (first === SPACE || first === TAB || key.includes('\0')) throw malformed('key');
    onRecord(key, bytes.subarray(equals + 1, end - 1));
    at = end;
  }
}

/** One record; its length counts itself. */
export function encodePaxRecord(key: string, value: string): Bytes {
  const tail = encodeTarText(` ${key}=${value}\n`);
  let length = tail.length + 1;
  while (String(length).length + tail.length !== length) length = String(length).length + tail.length;
  const record = new Uint8Array(length);
  record.set(encodeTarText(String(length)));
  record.set(tail, length - tail.length);
  return record;
}

/** A whole number of a record, not negative. `INVALID_ARCHIVE`. */
export function paxCount(key: string, value: string): number {
  const number = /^[0-9]{1,20}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number)) throw malformed(key);
  return number;
}

/** A time of a record, seconds with an optional fraction. `INVALID_ARCHIVE`. */
export function paxTime(key: string, value: string): number {
  const time = /^-?[0-9]{1,20}(?:\.[0-9]{0,20})?$/.test(value) ? Number(value) : NaN;
  if (!(Math.abs(time) <= Number.MAX_SAFE_INTEGER)) throw malformed(key);
  return time;
}

function decimalLength(bytes: Bytes, at: number, end: number): number {
  let value = 0;
  for (let i = at; i < end; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9 || i - at > 8) return 0;
    value = value * 10 + digit;
  }
  return value;
}

function malformed(what: string): Error {
  return invalidTar(`invalid pax header: malformed ${what}`);
}
