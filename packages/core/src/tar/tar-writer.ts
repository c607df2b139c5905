import type { Bytes, ByteStream, LayerEntryType } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { BLOCK, paddingOf } from './tar-block.ts';
import { encodeBlock, MAX_ID, MAX_SIZE, placeName } from './tar-encode-block.ts';
import type { BlockInit } from './tar-encode-block.ts';
import { encodePaxRecord, XATTR_PREFIX } from './tar-pax.ts';
import { isTarText } from './tar-text.ts';

/** An entry to write. A `TarHeader` is one; a sparse file is written with its holes as zeros. */
export interface TarEntryInit {
  /** Not empty. A directory's gets a slash at its end where it has none; no file's ends in one. */
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
  /** The name of the owner. Default: none. */
  readonly uname?: string | undefined;
  /** The name of the group. Default: none. */
  readonly gname?: string | undefined;
  /** Seconds since the epoch, possibly with a fraction, of which nine digits are kept. Default 0. */
  readonly mtime?: number | undefined;
  /** When it was last read, as `mtime`. Default: not told. */
  readonly atime?: number | undefined;
  /** When its header was last changed, as `mtime`. Default: not told. */
  readonly ctime?: number | undefined;
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
   * The bytes of an entry: header, content and padding.
   *
   * @throws `INVALID_ARGUMENT` for a value that no tar header can hold, or content of another size than `size`
   */
  entry(header: TarEntryInit, content?: Bytes): Bytes[];
  /**
   * The bytes of a file whose content is a stream of `size` bytes: header, content as it comes, and padding. The stream
   * is cancelled when the generator is left early.
   *
   * @throws `SIZE_MISMATCH` when the stream has more or fewer bytes; what `entry` throws
   */
  stream(
    header: TarEntryInit & { readonly size: number },
    content: ByteStream,
  ): AsyncGenerator<Bytes, void, undefined>;
  /** The end of the archive: two zero blocks. */
  end(): Bytes;
}

/**
 * Writes tar archives whose bytes depend on nothing but what is asked for: ustar headers, and a pax header before an
 * entry only where ustar cannot hold what it says, its records sorted by key.
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
  return { entry: encodeEntry, stream: encodeStream, end: () => new Uint8Array(2 * BLOCK) };
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
/** Pax keys whose text is UTF-8 unless a record says otherwise. */
const UTF8_KEYS = ['path', 'linkpath', 'uname', 'gname'];

function zerosAfter(size: number): Bytes {
  return new Uint8Array(paddingOf(size));
}

function encodeEntry(init: TarEntryInit, content: Bytes = new Uint8Array(0)): Bytes[] {
  const { size = content.length } = init;
  check(content.length === size, 'size: the content has another');
  return [...encodeHead(init, size), content, zerosAfter(size)].filter((part) => part.length > 0);
}

/** The header of an entry, and the pax header before it where it needs one. */
function encodeHead(init: TarEntryInit, size: number): Bytes[] {
  const { type = 'file', mode = MODES[type] ?? 0o644, uid = 0, gid = 0, mtime = 0, linkname = '' } = init;
  const { devmajor = 0, devminor = 0, uname = '', gname = '' } = init;
  const name = type === 'dir' && !init.name.endsWith('/') ? `${init.name}/` : init.name;
  check(init.name !== '' && (type !== 'file' || !name.endsWith('/')), 'name');
  for (const text of [name, linkname, uname, gname]) check(!text.includes('\0') && isTarText(text), 'name');
  check(type === 'file' || size === 0, 'size of an entry that is no file');
  check(isCount(size), 'size');
  check(isCount(mode) && mode <= 0o7777, 'mode');
  check(isCount(uid) && isCount(gid), 'owner');
  check(isCount(devmajor) && isCount(devminor) && Math.max(devmajor, devminor) <= MAX_ID, 'device');

  const records = new Map<string, string>();
  const place = placeName(name);
  if (place === undefined) records.set('path', name);
  if (!fits(linkname, 100)) records.set('linkpath', linkname);
  if (!fits(uname, 31)) records.set('uname', uname);
  if (!fits(gname, 31)) records.set('gname', gname);
  if (UTF8_KEYS.some((key) => !isUtf8(records.get(key) ?? ''))) records.set('hdrcharset', 'BINARY');
  if (size > MAX_SIZE) records.set('size', String(size));
  if (uid > MAX_ID) records.set('uid', String(uid));
  if (gid > MAX_ID) records.set('gid', String(gid));
  for (const key of ['mtime', 'atime', 'ctime'] as const) {
    const time = init[key];
    if (time === undefined) continue;
    check(Math.abs(time) <= Number.MAX_SAFE_INTEGER, key);
    if (key !== 'mtime' || !isPlainTime(time)) records.set(key, decimal(time));
  }
  for (const [key, value] of Object.entries(init.xattrs ?? {})) {
    check(key !== '' && !/[=\0]/.test(key) && value !== '' && isTarText(key + value), 'extended attribute');
    records.set(XATTR_PREFIX + key, value);
  }

  const header: BlockInit = {
    flag: FLAGS[type],
    ...(place ?? { name: cut(name, 100), prefix: '' }),
    mode,
    uid: uid > MAX_ID ? 0 : uid,
    gid: gid > MAX_ID ? 0 : gid,
    size: size > MAX_SIZE ? 0 : size,
    mtime: Math.min(Math.max(Math.floor(mtime), 0), MAX_SIZE),
    linkname: cut(linkname, 100),
    uname: cut(uname, 31),
    gname: cut(gname, 31),
    devmajor,
    devminor,
  };
  return [...(records.size === 0 ? [] : encodeExtension(name, records)), encodeBlock(header)];
}

async function* encodeStream(
  header: TarEntryInit & { readonly size: number },
  content: ByteStream,
): AsyncGenerator<Bytes, void, undefined> {
  const { size } = header;
  const reader = content.getReader();
  let left = size;
  try {
    yield* encodeHead(header, size);
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      left -= next.value.length;
      if (left < 0) throw sizeMismatch(`more than ${size}`);
      yield next.value;
    }
    if (left > 0) throw sizeMismatch(`only ${size - left} of ${size}`);
  } finally {
    // Of a stream that has failed there is nothing left to free.
    await reader.cancel().catch(() => undefined);
  }
  if (paddingOf(size) > 0) yield zerosAfter(size);
}

/** The pax header that stands before an entry, its records in the order of their keys. */
function encodeExtension(name: string, records: ReadonlyMap<string, string>): Bytes[] {
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1));
  const encoded = sorted.map(([key, value]) => encodePaxRecord(key, value));
  const size = encoded.reduce((sum, record) => sum + record.length, 0);
  const base = name.split('/').findLast((part) => part !== '') ?? '';
  const header: BlockInit = {
    flag: 'x',
    name: cut(`PaxHeaders.0/${base}`, 100),
    prefix: '',
    mode: 0o644,
    uid: 0,
    gid: 0,
    size,
    mtime: 0,
    linkname: '',
    uname: '',
    gname: '',
    devmajor: 0,
    devminor: 0,
  };
  return [encodeBlock(header), ...encoded, zerosAfter(size)];
}

function fits(text: string, length: number): boolean {
  return text.length <= length && isAscii(text);
}

function isAscii(text: string): boolean {
  return !/[\u0080-\uffff]/.test(text);
}

function isUtf8(text: string): boolean {
  return !/[\udc80-\udcff]/u.test(text);
}

/** What stands in a header for a text that is in a pax record: readers without pax see something like it. */
function cut(text: string, length: number): string {
  return text.replaceAll(/[\u0080-\uffff]+/g, '_').slice(0, length);
}

function isPlainTime(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_SIZE;
}

/** Up to nine digits after the point, never an exponent. */
function decimal(seconds: number): string {
  return Number.isInteger(seconds) ? BigInt(seconds).toString() : seconds.toFixed(9).replace(/\.?0+$/, '');
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function sizeMismatch(what: string): StowageError {
  return new StowageError('SIZE_MISMATCH', `content of a tar entry has ${what} bytes`);
}

function check(condition: boolean, what: string): void {
  if (!condition) throw new StowageError('INVALID_ARGUMENT', `cannot write tar entry: invalid ${what}`);
}
