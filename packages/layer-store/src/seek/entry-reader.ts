import { decodeTarText } from '@stowage/core';
import type { TarSparse, TarSparseSegment } from '@stowage/core';
import type { Bytes, LayerEntryType } from '@stowage/types';
import { cleanPath } from '../content/layer-entry.ts';
import { ByteReader, invalidIndex } from './byte-reader.ts';
import { BEFORE_FIRST, BLOCK, HAS, LARGEST_SECONDS, TYPES } from './entry-form.ts';
import type { EntryBefore } from './entry-form.ts';
import type { FullEntry } from './entry-writer.ts';

/** How much the entries of an index may be. */
export interface EntryLimits {
  /** The longest path, in bytes. */
  readonly maxPathBytes: number;
  /** The most characters of all entries together; what is shared with the entry before counts again. */
  readonly maxTotalText: number;
  /** Where the tar stream ends. */
  readonly diffSize: number;
}

type OpenEntry = { -readonly [Name in keyof FullEntry]: FullEntry[Name] };

/** Reads what an `EntryWriter` wrote, and refuses what no layer's tar has: `INVALID_ARCHIVE`. */
export class EntryReader {
  readonly #in: ByteReader;
  readonly #limits: EntryLimits;
  readonly #path: Uint8Array;
  #pathLength = 0;
  #text = 0;
  #before: EntryBefore = BEFORE_FIRST;

  constructor(bytes: Bytes, limits: EntryLimits) {
    this.#in = new ByteReader(bytes);
    this.#limits = limits;
    this.#path = new Uint8Array(limits.maxPathBytes);
  }

  /** Bytes that are not read yet. */
  get left(): number {
    return this.#in.left;
  }

  next(): FullEntry {
    const before = this.#before;
    const [low = 0, high = 0] = this.#in.raw(2);
    const head = low + high * 256;
    const type = TYPES[head & 7];
    if (type === undefined || head >= 1 << 15) throw invalidIndex('an entry of no known type');
    const path = this.#readPath(type);
    const offset = before.end + this.#in.count() * BLOCK;
    const size = type === 'file' ? this.#in.count() : 0;
    const [uid, gid] = head & HAS.owner ? [this.#in.count(), this.#in.count()] : [before.uid, before.gid];
    const mode = head & HAS.mode ? this.#in.count() : before.mode;
    const seconds = head & HAS.seconds ? before.seconds + this.#in.signed() : before.seconds;
    if (mode > 0o7777 || Math.abs(seconds) > LARGEST_SECONDS) throw invalidIndex('a number is too large');
    const mtime = head & HAS.fraction ? this.#in.float() : seconds;
    const entry: OpenEntry = { path, type, size, mode, uid, gid, mtime, offset };
    this.#readOptional(entry, head);
    const stored = entry.sparse?.storedSize ?? size;
    if (!(offset + stored <= this.#limits.diffSize)) throw invalidIndex(`${path} is not in the layer`);
    const { uname = '', gname = '' } = entry;
    const end = offset + Math.ceil(stored / BLOCK) * BLOCK;
    this.#before = { mode, uid, gid, seconds, uname, gname, end };
    return entry;
  }

  #readPath(type: LayerEntryType): string {
    const [shared, fresh] = [this.#in.count(), this.#in.count()];
    if (shared > this.#pathLength || shared + fresh > this.#path.length)
      throw invalidIndex('a path is too long');
    this.#path.set(this.#in.raw(fresh), shared);
    this.#pathLength = shared + fresh;
    const path = decodeTarText(this.#path.subarray(0, this.#pathLength));
    this.#spend(path);
    if (cleanPath(path) !== path || (path === '' && type !== 'dir')) {
      throw invalidIndex(`${JSON.stringify(path)} is no path in a layer`);
    }
    return path;
  }

  #readOptional(entry: OpenEntry, head: number): void {
    const { type } = entry;
    const before = this.#before;
    if (((head & HAS.link) !== 0) !== (type === 'symlink' || type === 'hardlink'))
      throw invalidIndex(`${entry.path} is a link without a target, or has one and is no link`);
    if (head & HAS.link) entry.linkname = this.#readText();
    if (head & HAS.xattrs) entry.xattrs = this.#readAttributes();
    if (((head & HAS.device) !== 0) !== (type === 'char' || type === 'block'))
      throw invalidIndex(`${entry.path} is a device without a number, or has one and is no device`);
    if (head & HAS.device) {
      entry.devmajor = this.#in.count();
      entry.devminor = this.#in.count();
    }
    const uname = head & HAS.ownerName ? this.#readText() : before.uname;
    const gname = head & HAS.groupName ? this.#readText() : before.gname;
    if (uname !== '') entry.uname = uname;
    if (gname !== '') entry.gname = gname;
    if (head & HAS.accessTime) entry.atime = this.#in.float();
    if (head & HAS.changeTime) entry.ctime = this.#in.float();
    if ((head & HAS.sparse) !== 0 && type !== 'file') throw invalidIndex(`${entry.path} is no file`);
    if (head & HAS.sparse) entry.sparse = this.#readSparse(entry.size);
  }

  #readAttributes(): Readonly<Record<string, string>> {
    const pairs: [string, string][] = [];
    for (let left = this.#readLength(2); left > 0; left--) pairs.push([this.#readText(), this.#readText()]);
    return Object.fromEntries(pairs);
  }

  #readSparse(fileSize: number): TarSparse {
    const storedSize = this.#in.count();
    const segments: TarSparseSegment[] = [];
    let [end, stored] = [0, 0];
    for (let left = this.#readLength(2); left > 0; left--) {
      const offset = end + this.#in.count();
      const size = this.#in.count();
      // All but the last segment fill their blocks.
      if (size === 0 || stored % BLOCK !== 0) throw invalidIndex('a sparse file with holes that are none');
      segments.push({ offset, size });
      end = offset + size;
      stored += size;
    }
    if (end > fileSize || stored !== storedSize) throw invalidIndex('a sparse file of another size');
    return { storedSize, segments };
  }

  /** How many there are of what takes `least` bytes. */
  #readLength(least: number): number {
    const count = this.#in.count();
    if (count * least > this.left) throw invalidIndex('it is cut short');
    return count;
  }

  #readText(): string {
    const text = this.#in.text();
    this.#spend(text);
    return text;
  }

  #spend(text: string): void {
    this.#text += text.length;
    if (this.#text > this.#limits.maxTotalText) throw invalidIndex('its names are too long');
  }
}
