import type { Bytes, LayerEntryType } from '@stowage/types';
import { StowageError } from '@stowage/types';
import { decodeField, TYPE_FLAG } from './tar-block.ts';
import type { TarBlock } from './tar-block.ts';
import type { TarHeader } from './tar-header.ts';
import { decodePax, paxInteger, paxTime, XATTR_PREFIX } from './tar-pax.ts';

/** Whether a block with this flag says something about entries that follow, and is none itself. */
export function isExtension(flag: number): boolean {
  return (
    flag === TYPE_FLAG.paxLocal ||
    flag === TYPE_FLAG.paxGlobal ||
    flag === TYPE_FLAG.gnuLongName ||
    flag === TYPE_FLAG.gnuLongLink
  );
}

/** What extension headers have said about the next entry, and about all that follow. Internal to the tar files. */
export class TarExtensions {
  readonly #global = new Map<string, string>();
  #local: Map<string, string> | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

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

  /**
   * Takes the content of an extension header. Readers differ in which of two headers of one kind wins, so none of them
   * does here.
   */
  take(flag: number, bytes: Bytes): void {
    switch (flag) {
      case TYPE_FLAG.paxGlobal:
        decodePax(bytes, this.#global);
        break;
      case TYPE_FLAG.paxLocal:
        if (this.#local !== undefined) throw invalid('two pax headers for one entry');
        this.#local = new Map();
        decodePax(bytes, this.#local);
        break;
      case TYPE_FLAG.gnuLongName:
        if (this.#longName !== undefined) throw invalid('two long names for one entry');
        this.#longName = decodeField(bytes, 0, bytes.length);
        break;
      default:
        if (this.#longLink !== undefined) throw invalid('two long links for one entry');
        this.#longLink = decodeField(bytes, 0, bytes.length);
    }
  }

  /** The name of the entry that a block begins. */
  nameOf(block: TarBlock): string {
    return this.#longName ?? this.#record('path') ?? block.name;
  }

  /** The whole header of that entry, but for what depends on the place of the block. The next entry begins afresh. */
  apply(block: TarBlock, type: LayerEntryType): Omit<TarHeader, 'offset'> {
    const header = {
      name: this.nameOf(block),
      type,
      size: type === 'file' ? this.#size(block) : 0,
      mode: block.mode & 0o7777,
      uid: this.#integer('uid') ?? block.uid,
      gid: this.#integer('gid') ?? block.gid,
      mtime: this.#mtime() ?? block.mtime,
      ...this.#link(type, block),
      ...this.#xattrs(),
    };
    this.#local = this.#longName = this.#longLink = undefined;
    return header;
  }

  /** A pax record, that of the entry before the archive's; an empty value takes the record back. */
  #record(key: string): string | undefined {
    const value = this.#local?.get(key) ?? this.#global.get(key);
    return value === '' ? undefined : value;
  }

  #integer(key: string): number | undefined {
    const value = this.#record(key);
    return value === undefined ? undefined : paxInteger(key, value);
  }

  #mtime(): number | undefined {
    const value = this.#record('mtime');
    return value === undefined ? undefined : paxTime('mtime', value);
  }

  #size(block: TarBlock): number {
    const size = this.#integer('size') ?? block.size;
    if (size < 0) throw invalid('invalid tar header: negative size');
    return size;
  }

  #link(type: LayerEntryType, block: TarBlock): { linkname: string } | undefined {
    if (type !== 'symlink' && type !== 'hardlink') return undefined;
    return { linkname: this.#longLink ?? this.#record('linkpath') ?? block.linkname };
  }

  #xattrs(): { xattrs: Record<string, string> } | undefined {
    if (this.#local === undefined && this.#global.size === 0) return undefined;
    const local = this.#local ?? [];
    const records = this.#global.size === 0 ? local : new Map([...this.#global, ...local]);
    const xattrs: [string, string][] = [];
    for (const [key, value] of records) {
      if (key.startsWith(XATTR_PREFIX) && value !== '') xattrs.push([key.slice(XATTR_PREFIX.length), value]);
    }
    return xattrs.length === 0 ? undefined : { xattrs: Object.fromEntries(xattrs) };
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}
