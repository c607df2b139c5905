import type { Bytes } from '@stowage/types';
import { TYPE_FLAG } from './tar-block.ts';
import { invalidTar } from './tar-error.ts';
import { decodePax, paxCount, paxTime, XATTR_PREFIX } from './tar-pax.ts';
import { decodeTarText } from './tar-text.ts';

const TEXTS = ['path', 'linkpath', 'uname', 'gname'];
const KEPT: ReadonlySet<string> = new Set([...TEXTS, 'size', 'uid', 'gid', 'mtime', 'atime', 'ctime']);
/** They cannot be empty either: to some readers that takes the record back, to others it is the value. */
const OF_ONE_ENTRY: ReadonlySet<string> = new Set(['path', 'linkpath', 'size']);
const SPARSE_PREFIX = 'GNU.sparse.';

/** Whether a block with this flag says something about entries that follow, and is none itself. */
export function isExtension(flag: number): boolean {
  return (
    flag === TYPE_FLAG.paxLocal ||
    flag === TYPE_FLAG.paxGlobal ||
    flag === TYPE_FLAG.gnuLongName ||
    flag === TYPE_FLAG.gnuLongLink
  );
}

/**
 * What extension headers have said about the next entry, and about all that follow. Readers differ in which of two
 * headers wins, so where two say what the name or the size of one entry is, the archive is refused. Keys that mean
 * nothing here are ignored. Internal to the tar files.
 */
export class TarExtensions {
  readonly #global = new Map<string, string>();
  #local: Map<string, string> | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;
  /** Offsets and sizes of a sparse map in format 0.0, in turns. */
  #sparsePairs: string[] = [];

  /** Whether something was said about an entry that has not come yet. */
  get isPending(): boolean {
    return this.#local !== undefined || this.#longName !== undefined || this.#longLink !== undefined;
  }

  /** The UTF-16 units that are kept for all entries that follow. */
  get globalText(): number {
    let text = 0;
    for (const [key, value] of this.#global) text += key.length + value.length;
    return text;
  }

  /** Takes the `size` bytes of an extension header, and the padding after them. `INVALID_ARCHIVE`. */
  take(flag: number, bytes: Bytes, size: number): void {
    switch (flag) {
      case TYPE_FLAG.paxGlobal:
        this.#takeGlobal(bytes.subarray(0, size));
        break;
      case TYPE_FLAG.paxLocal:
        this.#takeLocal(bytes.subarray(0, size));
        break;
      case TYPE_FLAG.gnuLongName:
        if (this.#longName !== undefined) throw invalidTar('two long names for one entry');
        this.#longName = longText(bytes, size);
        break;
      default:
        if (this.#longLink !== undefined) throw invalidTar('two long links for one entry');
        this.#longLink = longText(bytes, size);
    }
  }

  /** Forgets what was said about one entry: the next one begins afresh. */
  endEntry(): void {
    this.#local = this.#longName = this.#longLink = undefined;
    if (this.#sparsePairs.length > 0) this.#sparsePairs = [];
  }

  /** The name of the entry, where an extension header has it. */
  get name(): string | undefined {
    return oneOf(this.#longName, this.record('path'), 'names');
  }

  /** The target of the entry, where an extension header has it. */
  get linkname(): string | undefined {
    return oneOf(this.#longLink, this.record('linkpath'), 'links');
  }

  /** A pax record, that of the entry before the archive's; an empty value takes the record back. */
  record(key: string): string | undefined {
    if (this.#local === undefined && this.#global.size === 0) return undefined;
    const value = this.#local?.get(key) ?? this.#global.get(key);
    return value === '' ? undefined : value;
  }

  count(key: string): number | undefined {
    const value = this.record(key);
    return value === undefined ? undefined : paxCount(key, value);
  }

  time(key: string): number | undefined {
    const value = this.record(key);
    return value === undefined ? undefined : paxTime(key, value);
  }

  get xattrs(): Record<string, string> | undefined {
    if (this.#local === undefined && this.#global.size === 0) return undefined;
    const local = this.#local ?? [];
    const records = this.#global.size === 0 ? local : new Map([...this.#global, ...local]);
    const xattrs: [string, string][] = [];
    for (const [key, value] of records) {
      if (key.startsWith(XATTR_PREFIX) && value !== '') xattrs.push([key.slice(XATTR_PREFIX.length), value]);
    }
    return xattrs.length === 0 ? undefined : Object.fromEntries(xattrs);
  }

  /** Whether pax records say that the entry is a sparse file. */
  get isSparse(): boolean {
    if (this.#local === undefined) return false;
    for (const key of this.#local.keys()) if (key.startsWith(SPARSE_PREFIX)) return true;
    return this.#sparsePairs.length > 0;
  }

  /** A record of a sparse file, by the end of its key. */
  sparse(key: string): string | undefined {
    return this.#local?.get(SPARSE_PREFIX + key);
  }

  get hasLongName(): boolean {
    return this.#longName !== undefined;
  }

  get sparsePairs(): readonly string[] {
    return this.#sparsePairs;
  }

  #takeGlobal(bytes: Bytes): void {
    const earlier = [...this.#global.keys()];
    this.#global.clear();
    decodePax(bytes, (key, value) => {
      // What one entry is cannot be said of all; GNU tar, Python and Go differ in what comes of it.
      if (OF_ONE_ENTRY.has(key) || key.startsWith(SPARSE_PREFIX)) {
        throw invalidTar(`invalid pax header: ${key} of all entries`);
      }
      if (!isKept(key)) return;
      // The first one counts for GNU tar, the last one for others.
      if (this.#global.has(key)) throw invalidTar(`invalid pax header: ${key} of all entries, twice`);
      this.#global.set(key, valueOf(key, value));
    });
    // GNU tar forgets what an earlier header of this kind has said; others remember it.
    const missing = earlier.find((key) => !this.#global.has(key));
    if (missing !== undefined) throw invalidTar(`invalid pax header: ${missing} of only some entries`);
  }

  #takeLocal(bytes: Bytes): void {
    if (this.#local !== undefined) throw invalidTar('two pax headers for one entry');
    const records = new Map<string, string>();
    this.#local = records;
    decodePax(bytes, (key, value) => {
      if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
        const isOffset = this.#sparsePairs.length % 2 === 0;
        if (isOffset !== (key === 'GNU.sparse.offset'))
          throw invalidTar('invalid sparse map: halves of segments');
        this.#sparsePairs.push(decodeTarText(value));
      } else if (isKept(key) || key.startsWith(SPARSE_PREFIX)) {
        records.set(key, valueOf(key, value));
      }
    });
  }
}

function isKept(key: string): boolean {
  return KEPT.has(key) || key.startsWith(XATTR_PREFIX);
}

function valueOf(key: string, bytes: Bytes): string {
  const value = decodeTarText(bytes);
  if (key.startsWith(XATTR_PREFIX)) return value;
  if (value.includes('\0')) throw invalidTar(`invalid pax header: NUL in ${key}`);
  if (value === '' && OF_ONE_ENTRY.has(key)) throw invalidTar(`invalid pax header: empty ${key}`);
  return value;
}

/** It ends in a NUL, which not every writer has counted. To GNU tar it ends there, to others at `size`. */
function longText(bytes: Bytes, size: number): string {
  const end = bytes.indexOf(0);
  if (end < 0 || end > size) throw invalidTar('a long name without end');
  if (end === 0) throw invalidTar('an empty long name');
  return decodeTarText(bytes.subarray(0, end));
}

function oneOf(long: string | undefined, record: string | undefined, what: string): string | undefined {
  if (long !== undefined && record !== undefined)
    throw invalidTar(`two ${what} for one entry, GNU’s and pax’s`);
  return long ?? record;
}
