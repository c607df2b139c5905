import type { Bytes } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { decodeText } from './tar-block.ts';

// Pax extended header records (POSIX.1-2017, pax, "pax Extended Header"). Internal to the tar files.

/** What the keys of extended attributes begin with. */
export const XATTR_PREFIX = 'SCHILY.xattr.';

const KEPT: ReadonlySet<string> = new Set(['path', 'linkpath', 'size', 'uid', 'gid', 'mtime']);
const SPACE = 0x20;
const EQUALS = 0x3d;
const NEWLINE = 0x0a;
const encoder = new TextEncoder();

/**
 * Reads the records `"<length> <key>=<value>\n"` that mean something here into `records`; later ones win.
 * `INVALID_ARCHIVE`; `UNSUPPORTED` for a sparse file.
 */
export function decodePax(bytes: Bytes, records: Map<string, string>): void {
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
      throw invalid('malformed record');
    }
    const key = decodeText(bytes.subarray(space + 1, equals));
    if (key.startsWith('GNU.sparse.')) {
      throw new StowageError('UNSUPPORTED', `sparse files are not supported (pax record ${key})`);
    }
    if (KEPT.has(key) || key.startsWith(XATTR_PREFIX)) {
      const value = decodeText(bytes.subarray(equals + 1, end - 1));
      if (!key.startsWith(XATTR_PREFIX) && value.includes('\0')) throw invalid(`NUL in ${key}`);
      records.set(key, value);
    }
    at = end;
  }
}

/** One record; its length counts itself. */
export function encodePaxRecord(key: string, value: string): Bytes {
  const tail = encoder.encode(` ${key}=${value}\n`);
  let length = tail.length + 1;
  while (String(length).length + tail.length !== length) length = String(length).length + tail.length;
  const record = new Uint8Array(length);
  record.set(encoder.encode(String(length)));
  record.set(tail, length - tail.length);
  return record;
}

/** A whole number of a record, possibly negative. `INVALID_ARCHIVE`. */
export function paxInteger(key: string, value: string): number {
  const number = /^-?[0-9]{1,20}$/.test(value) ? Number(value) : NaN;
  if (!Number.isSafeInteger(number)) throw invalid(`malformed ${key}`);
  return number;
}

/** A time of a record, seconds with an optional fraction. `INVALID_ARCHIVE`. */
export function paxTime(key: string, value: string): number {
  if (!/^-?[0-9]{1,20}(?:\.[0-9]{0,20})?$/.test(value)) throw invalid(`malformed ${key}`);
  return Number(value);
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

function invalid(what: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', `invalid pax header: ${what}`);
}
