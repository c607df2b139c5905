import type { Bytes, LayerEntryType } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { BLOCK, paddingOf } from './tar-block.ts';
import { encodePaxRecord, XATTR_PREFIX } from './tar-pax.ts';

/** An entry to write. */
export interface TarEntryInit {
  /** Not empty. A directory's gets a slash at its end where it has none. */
  readonly name: string;
  /** Default `file`. */
  readonly type?: LayerEntryType | undefined;
  /** Bytes of a file's content. Default: those of the content given, else 0. */
  readonly size?: number | undefined;
  /** Default 0755 for a directory, 0777 for a symbolic link, 0644 otherwise. */
  readonly mode?: number | undefined;
  /** Default 0. */
  readonly uid?: number | undefined;
  /** Default 0. */
  readonly gid?: number | undefined;
  /** Seconds since the epoch, possibly with a fraction, of which nine digits are kept. Default 0. */
  readonly mtime?: number | undefined;
  /** Where a symbolic or hard link points. */
  readonly linkname?: string | undefined;
  /** Extended attributes; their values are not empty. */
  readonly xattrs?: Readonly<Record<string, string>> | undefined;
  /** Of a device. Default 0. */
  readonly devmajor?: number | undefined;
  /** Of a device. Default 0. */
  readonly devminor?: number | undefined;
}

/** Makes the bytes of a tar archive, to be sent in the order in which they are made. */
export interface TarWriter {
  /**
   * The bytes of an entry: header, content and padding. A file whose content is left out while `size` says that it has
   * some gets its header only: the content follows from elsewhere, and then what `padding` answers.
   *
   * @throws `INVALID_ARGUMENT` for a value that no tar header can hold, or content of another size than `size`
   */
  entry(header: TarEntryInit, content?: Bytes): Bytes[];
  /** The zero bytes that follow content of `size` bytes. */
  padding(size: number): Bytes;
  /** The end of the archive: two zero blocks. */
  end(): Bytes;
}

/**
 * Writes tar archives whose bytes depend on nothing but what is asked for: ustar headers, and a pax header before an
 * entry only where ustar cannot hold what it says.
 *
 * @example
 * ```ts
 * import { createTarWriter } from '@stowage/core';
 *
 * const writer = createTarWriter();
 * const parts = writer.entry({ name: 'hello.txt' }, new TextEncoder().encode('hello'));
 * parts.push(writer.end());
 * console.log(parts.reduce((sum, part) => sum + part.length, 0)); // 2048
 * ```
 */
export function createTarWriter(): TarWriter {
  return { entry: encodeEntry, padding: (size) => new Uint8Array(paddingOf(size)), end: endOfArchive };
}

const FLAGS: Readonly<Record<LayerEntryType, string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
};
const MODES: Partial<Record<LayerEntryType, number>> = { dir: 0o755, symlink: 0o777 };
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const NOT_ASCII = /[\u0080-\uffff]/;
const encoder = new TextEncoder();

function endOfArchive(): Bytes {
  return new Uint8Array(2 * BLOCK);
}

function encodeEntry(init: TarEntryInit, content?: Bytes): Bytes[] {
  const { type = 'file', mode = MODES[type] ?? 0o644, uid = 0, gid = 0, mtime = 0, linkname = '' } = init;
  const { size = content?.length ?? 0, devmajor = 0, devminor = 0 } = init;
  const name = type === 'dir' && !init.name.endsWith('/') ? `${init.name}/` : init.name;
  check(init.name !== '' && !name.includes('\0') && !linkname.includes('\0'), 'name');
  check(type === 'file' || size === 0, 'size of an entry that is no file');
  check(content === undefined || content.length === size, 'size: the content has another');
  check(isCount(size), 'size');
  check(isCount(mode) && mode <= 0o7777, 'mode');
  check(isCount(uid) && isCount(gid), 'owner');
  check(Number.isFinite(mtime) && Math.abs(mtime) <= Number.MAX_SAFE_INTEGER, 'mtime');
  check(isDevice(devmajor) && isDevice(devminor), 'device');

  const records = new Map<string, string>();
  const split = splitName(name);
  if (split === undefined) records.set('path', name);
  if (!fits(linkname, 100)) records.set('linkpath', linkname);
  if (size > MAX_OCTAL_11) records.set('size', String(size));
  if (uid > MAX_OCTAL_7) records.set('uid', String(uid));
  if (gid > MAX_OCTAL_7) records.set('gid', String(gid));
  const plainMtime = Number.isInteger(mtime) && mtime >= 0 && mtime <= MAX_OCTAL_11;
  if (!plainMtime) records.set('mtime', decimal(mtime));
  for (const [key, value] of Object.entries(init.xattrs ?? {})) {
    check(key !== '' && !/[=\0]/.test(key) && value !== '', 'extended attribute');
    records.set(XATTR_PREFIX + key, value);
  }

  const header: Block = {
    flag: FLAGS[type],
    ...(split ?? { name: cut(name), prefix: '' }),
    mode,
    uid: uid > MAX_OCTAL_7 ? 0 : uid,
    gid: gid > MAX_OCTAL_7 ? 0 : gid,
    size: size > MAX_OCTAL_11 ? 0 : size,
    mtime: plainMtime ? mtime : Math.min(Math.max(Math.floor(mtime), 0), MAX_OCTAL_11),
    linkname: cut(linkname),
    devmajor,
    devminor,
  };
  const parts = records.size === 0 ? [] : encodeExtension(name, records);
  parts.push(encodeBlock(header));
  if (content !== undefined && size > 0) parts.push(content, new Uint8Array(paddingOf(size)));
  return parts.filter((part) => part.length > 0);
}

/** The pax header that stands before an entry, its records in the order of their keys. */
function encodeExtension(name: string, records: ReadonlyMap<string, string>): Bytes[] {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  const encoded = sorted.map(([key, value]) => encodePaxRecord(key, value));
  const size = encoded.reduce((sum, record) => sum + record.length, 0);
  const base = name.split('/').findLast((part) => part !== '') ?? '';
  const header: Block = {
    flag: 'x',
    name: cut(`PaxHeaders.0/${base}`),
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 0,
    linkname: '',
    devmajor: 0,
    devminor: 0,
  };
  return [encodeBlock(header), ...encoded, new Uint8Array(paddingOf(size))];
}

interface Block {
  readonly flag: string;
  readonly name: string;
  readonly prefix: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly size: number;
  readonly mtime: number;
  readonly linkname: string;
  readonly devmajor: number;
  readonly devminor: number;
}

function encodeBlock(header: Block): Bytes {
  const block = new Uint8Array(BLOCK);
  const text = (at: number, value: string): void => {
    encoder.encodeInto(value, block.subarray(at));
  };
  const octal = (at: number, digits: number, value: number): void => {
    text(at, value.toString(8).padStart(digits, '0'));
  };
  text(0, header.name);
  octal(100, 7, header.mode);
  octal(108, 7, header.uid);
  octal(116, 7, header.gid);
  octal(124, 11, header.size);
  octal(136, 11, header.mtime);
  text(148, '        ');
  text(156, header.flag);
  text(157, header.linkname);
  text(257, 'ustar\x0000');
  octal(329, 7, header.devmajor);
  octal(337, 7, header.devminor);
  text(345, header.prefix);
  octal(
    148,
    6,
    block.reduce((sum, byte) => sum + byte, 0),
  );
  block[154] = 0;
  return block;
}

/** The two fields of a ustar name, or `undefined` where the name needs a pax header. */
function splitName(name: string): { name: string; prefix: string } | undefined {
  if (!isAscii(name)) return undefined;
  if (name.length <= 100) return { name, prefix: '' };
  // The last slash that leaves at most 155 bytes before it, and something after it.
  const slash = name.lastIndexOf('/', Math.min(155, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { name: name.slice(slash + 1), prefix: name.slice(0, slash) };
}

function fits(text: string, length: number): boolean {
  return text.length <= length && isAscii(text);
}

function isAscii(text: string): boolean {
  return !NOT_ASCII.test(text);
}

/** What stands in a header for a text that is in a pax record: readers without pax see something like it. */
function cut(text: string): string {
  return text.replaceAll(/[\u0080-\uffff]+/g, '_').slice(0, 100);
}

/** Up to nine digits after the point, never an exponent. */
function decimal(seconds: number): string {
  return Number.isInteger(seconds) ? BigInt(seconds).toString() : seconds.toFixed(9).replace(/\.?0+$/, '');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function isDevice(value: number): boolean {
  return isCount(value) && value <= MAX_OCTAL_7;
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new StowageError('INVALID_ARGUMENT', `cannot write tar entry: invalid ${what}`);
}
