import type { Bytes, LayerEntryType } from '@stowage/types';
import { StowageError } from '@stowage/types';

// The 512-byte header block of a tar archive: v7, ustar, GNU and star layouts. Internal to the tar files.

/** Bytes of a tar block. */
export const BLOCK = 512;

/** The type flags that need a name, as character codes. */
export const TYPE_FLAG = {
  v7File: 0,
  paxLocal: 0x78, // x
  paxGlobal: 0x67, // g
  gnuLongName: 0x4c, // L
  gnuLongLink: 0x4b, // K
  gnuSparse: 0x53, // S
} as const;

const TYPES: Readonly<Record<number, LayerEntryType>> = {
  0x30: 'file', // 0
  0x31: 'hardlink', // 1
  0x32: 'symlink', // 2
  0x33: 'char', // 3
  0x34: 'block', // 4
  0x35: 'dir', // 5
  0x36: 'fifo', // 6
  0x37: 'file', // 7: a contiguous file
};

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What one header block says, before extension headers are applied. */
export interface TarBlock {
  readonly name: string;
  /** A character code. */
  readonly flag: number;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly linkname: string;
}

/** The zero bytes that follow `size` bytes of content. */
export function paddingOf(size: number): number {
  return (BLOCK - (size % BLOCK)) % BLOCK;
}

/** Whether a block is all zeros: half of the end of an archive. */
export function isZeroBlock(bytes: Bytes, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (bytes[i] !== 0) return false;
  return true;
}

/**
 * What kind of entry a type flag means; `undefined` for one that is none. A v7 archive marks a directory only by the
 * slash at the end of its name.
 */
export function entryTypeOf(flag: number, name: string): LayerEntryType | undefined {
  if (flag === TYPE_FLAG.v7File) return name.endsWith('/') ? 'dir' : 'file';
  return TYPES[flag];
}

/** Verifies and decodes the block at `at`. `INVALID_ARCHIVE`. */
export function decodeBlock(bytes: Bytes, at: number): TarBlock {
  verifyChecksum(bytes, at);
  return {
    name: nameOf(bytes, at),
    flag: bytes[at + 156] ?? 0,
    size: decodeNumber(bytes, at + 124, 12, 'size'),
    mode: decodeNumber(bytes, at + 100, 8, 'mode'),
    uid: decodeNumber(bytes, at + 108, 8, 'uid'),
    gid: decodeNumber(bytes, at + 116, 8, 'gid'),
    mtime: decodeNumber(bytes, at + 136, 12, 'mtime'),
    linkname: decodeField(bytes, at + 157, 100),
  };
}

/** The device numbers of the block at `at`; other kinds of entries may have anything there. */
export function decodeDevice(bytes: Bytes, at: number): { devmajor: number; devminor: number } {
  return {
    devmajor: decodeNumber(bytes, at + 329, 8, 'devmajor'),
    devminor: decodeNumber(bytes, at + 337, 8, 'devminor'),
  };
}

/** Bytes as text: UTF-8, or Latin-1 where they are not that, so that different names stay different. */
export function decodeText(bytes: Bytes): string {
  let all = 0;
  for (const byte of bytes) all |= byte;
  if (all < 0x80 && bytes.length <= 256) return latin1(bytes);
  try {
    return utf8.decode(bytes);
  } catch {
    let text = '';
    for (let at = 0; at < bytes.length; at += 256) text += latin1(bytes.subarray(at, at + 256));
    return text;
  }
}

/** The text of a field that ends at its first NUL. */
export function decodeField(bytes: Bytes, at: number, length: number): string {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end++;
  return end === at ? '' : decodeText(bytes.subarray(at, end));
}

function latin1(bytes: Bytes): string {
  return Reflect.apply(String.fromCharCode, undefined, bytes) as string;
}

/** POSIX ustar has the front of a long name in a field of its own; GNU tar keeps other things in that place. */
function nameOf(bytes: Bytes, at: number): string {
  const name = decodeField(bytes, at, 100);
  if (bytes[at + 345] === 0) return name;
  if (decodeField(bytes, at + 257, 6) !== 'ustar') return name;
  const star = latin1(bytes.subarray(at + 508, at + BLOCK)) === 'tar\0';
  return `${decodeField(bytes, at + 345, star ? 131 : 155)}/${name}`;
}

/** The sum of all bytes with the sum's own field read as spaces; some old writers summed signed bytes. */
function verifyChecksum(bytes: Bytes, at: number): void {
  let sum = 8 * 0x20;
  let high = 0;
  for (let i = at; i < at + BLOCK; i++) {
    if (i === at + 148) i += 8;
    const byte = bytes[i] ?? 0;
    sum += byte;
    high += byte >> 7;
  }
  const stored = decodeNumber(bytes, at + 148, 8, 'checksum');
  if (stored !== sum && stored !== sum - 256 * high) throw invalid('checksum mismatch');
}

/** Octal with blanks around it, or GNU's base 256 where the top bit is set. An empty field is 0. */
function decodeNumber(bytes: Bytes, at: number, length: number, field: string): number {
  const end = at + length;
  if (((bytes[at] ?? 0) & 0x80) !== 0) return decodeBase256(bytes.subarray(at, end), field);
  let i = at;
  while (i < end && isBlank(bytes[i])) i++;
  let value = 0;
  for (; i < end && !isBlank(bytes[i]); i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 7) throw invalid(`malformed ${field}`);
    value = value * 8 + digit;
  }
  while (i < end && bytes[i] === 0x20) i++;
  if (i < end && bytes[i] !== 0) throw invalid(`malformed ${field}`);
  return value;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0;
}

function decodeBase256(field: Bytes, name: string): number {
  let value = BigInt((field[0] ?? 0) & 0x7f);
  for (const byte of field.subarray(1)) value = (value << 8n) | BigInt(byte);
  value = BigInt.asIntN(field.length * 8 - 1, value);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw invalid(`${name} is out of range`);
  return number;
}

function invalid(what: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', `invalid tar header: ${what}`);
}
