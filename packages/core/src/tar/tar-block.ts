import type { Bytes } from '@stowage/types';
import { invalidTar } from './tar-error.ts';
import { decodeNumber, decodeOctal } from './tar-number.ts';
import { decodeField } from './tar-text.ts';

// The 512-byte header block of a tar archive: v7, ustar and GNU layouts. Internal to the tar files.

/** Bytes of a tar block. */
export const BLOCK = 512;

/** The type flags, as character codes. */
export const TYPE_FLAG = {
  v7File: 0,
  file: 0x30, // 0
  hardlink: 0x31, // 1
  symlink: 0x32, // 2
  char: 0x33, // 3
  block: 0x34, // 4
  dir: 0x35, // 5
  fifo: 0x36, // 6
  contiguous: 0x37, // 7: a file for which readers once were to set aside one run of a disk
  paxLocal: 0x78, // x
  paxGlobal: 0x67, // g
  gnuLongName: 0x4c, // L
  gnuLongLink: 0x4b, // K
  gnuSparse: 0x53, // S
  gnuDumpDir: 0x44, // D: a directory of an incremental dump, its content a list of names
  gnuVolume: 0x56, // V: the label of the archive
} as const;

const SLASH = 0x2f;
const NUL = 0;
const SPACE = 0x20;

/** The numbers of a header block. Those of devices are 0 in a layout that has no place for them. */
export interface TarNumbers {
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: number;
  readonly devmajor: number;
  readonly devminor: number;
}

/** What one header block says, before extension headers are applied. */
export interface TarBlock {
  readonly name: string;
  readonly numbers: TarNumbers;
  /** A character code. */
  readonly flag: number;
  readonly linkname: string;
  readonly uname: string;
  readonly gname: string;
  readonly isUstar: boolean;
  readonly isGnu: boolean;
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

/** The type flag of the block at `at`, whose checksum is verified. `INVALID_ARCHIVE`. */
export function verifyBlock(bytes: Bytes, at: number): number {
  const stored = decodeOctal(bytes, at + 148, at + 156, 'checksum');
  const sum = sumOf(bytes, at);
  if (stored !== sum && stored !== sum - 256 * highBytes(bytes, at)) {
    throw invalidTar('invalid tar header: checksum mismatch');
  }
  return bytes[at + 156] ?? 0;
}

/**
 * The numbers of the block at `at`. A block of any kind has to have them in order: to some readers it is no header
 * otherwise. `INVALID_ARCHIVE`.
 */
export function decodeNumbers(bytes: Bytes, at: number): TarNumbers {
  const hasDevices = hasMagic(bytes, at, NUL) || hasMagic(bytes, at, SPACE);
  const devmajor = decodeNumber(bytes, at + 329, 8, 'devmajor');
  const devminor = decodeNumber(bytes, at + 337, 8, 'devminor');
  return {
    size: decodeSize(bytes, at),
    mode: decodeNumber(bytes, at + 100, 8, 'mode'),
    uid: decodeId(bytes, at + 108, 'uid'),
    gid: decodeId(bytes, at + 116, 'gid'),
    mtime: decodeNumber(bytes, at + 136, 12, 'mtime'),
    devmajor: hasDevices ? devmajor : 0,
    devminor: hasDevices ? devminor : 0,
  };
}

/** Decodes the block at `at` of an entry. `INVALID_ARCHIVE`. */
export function decodeBlock(bytes: Bytes, at: number): TarBlock {
  const isUstar = hasMagic(bytes, at, NUL);
  const isGnu = !isUstar && hasMagic(bytes, at, SPACE);
  const name = decodeField(bytes, at, 100);
  return {
    name: bytes[at + 345] === 0 ? name : withPrefix(name, bytes, at, { isUstar, isGnu }),
    flag: bytes[at + 156] ?? 0,
    numbers: decodeNumbers(bytes, at),
    linkname: decodeField(bytes, at + 157, 100),
    uname: isUstar || isGnu ? decodeField(bytes, at + 265, 32) : '',
    gname: isUstar || isGnu ? decodeField(bytes, at + 297, 32) : '',
    isUstar,
    isGnu,
  };
}

/** Whether the name in the block itself, without extension headers and its prefix, ends in a slash. */
export function endsInSlash(bytes: Bytes, at: number): boolean {
  let end = at;
  while (end < at + 100 && bytes[end] !== 0) end++;
  return end > at && bytes[end - 1] === SLASH;
}

/** "ustar", and then a NUL in POSIX's layout, two spaces and a NUL in GNU's. */
function hasMagic(bytes: Bytes, at: number, end: number): boolean {
  return (
    bytes[at + 257] === 0x75 &&
    bytes[at + 258] === 0x73 &&
    bytes[at + 259] === 0x74 &&
    bytes[at + 260] === 0x61 &&
    bytes[at + 261] === 0x72 &&
    bytes[at + 262] === end &&
    (end === NUL || (bytes[at + 263] === SPACE && bytes[at + 264] === NUL))
  );
}

/**
 * POSIX has the front of a long name in a field of its own, GNU tar the times of an incremental dump in that place.
 * Anything else there is a prefix to some readers and nothing to others.
 */
function withPrefix(
  name: string,
  bytes: Bytes,
  at: number,
  { isUstar, isGnu }: { readonly isUstar: boolean; readonly isGnu: boolean },
): string {
  if (isUstar) return `${decodeField(bytes, at + 345, 155)}/${name}`;
  if (!isGnu) throw invalidTar('invalid tar header: a name prefix outside ustar');
  if (!isTime(bytes, at + 345) || !isTime(bytes, at + 357)) {
    throw invalidTar('invalid tar header: a name prefix outside ustar');
  }
  return name;
}

/** Whether a field holds just what GNU tar writes there: eleven octal digits and a NUL. */
function isTime(bytes: Bytes, at: number): boolean {
  for (let i = at; i < at + 11; i++) if (((bytes[i] ?? 0) & 0xf8) !== 0x30) return false;
  return bytes[at + 11] === NUL;
}

function decodeSize(bytes: Bytes, at: number): number {
  const size = decodeNumber(bytes, at + 124, 12, 'size');
  if (size < 0) throw invalidTar('invalid tar header: negative size');
  // Python and Go take blanks for 0, GNU tar for no header.
  if (size === 0 && isBlank(bytes, at + 124, 12)) throw invalidTar('invalid tar header: blank size');
  return size;
}

function decodeId(bytes: Bytes, at: number, field: string): number {
  const id = decodeNumber(bytes, at, 8, field);
  if (id < 0) throw invalidTar(`invalid tar header: negative ${field}`);
  return id;
}

function isBlank(bytes: Bytes, at: number, length: number): boolean {
  for (let i = at; i < at + length; i++) if (bytes[i] !== SPACE) return false;
  return true;
}

/** The sum of all bytes, with the sum's own field read as spaces. */
function sumOf(bytes: Bytes, at: number): number {
  let sum = 8 * SPACE;
  for (let i = at; i < at + 148; i += 4) sum += fourOf(bytes, i);
  for (let i = at + 156; i < at + BLOCK; i += 4) sum += fourOf(bytes, i);
  return sum;
}

function fourOf(bytes: Bytes, at: number): number {
  return (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) + (bytes[at + 2] ?? 0) + (bytes[at + 3] ?? 0);
}

/** How many bytes are negative to those old writers that summed signed ones. */
function highBytes(bytes: Bytes, at: number): number {
  let count = 0;
  for (let i = at; i < at + BLOCK; i++) if (i < at + 148 || i >= at + 156) count += (bytes[i] ?? 0) >> 7;
  return count;
}
