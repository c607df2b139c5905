import { encodeTarText } from '@stowage/core';
import type { TarHeader, TarSparse } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { TarLayerEntry } from '../content/layer-entry.ts';
import { ByteWriter } from './byte-writer.ts';
import { BEFORE_FIRST, BLOCK, HAS, LARGEST_SECONDS, TYPES } from './entry-form.ts';
import type { EntryBefore } from './entry-form.ts';

/** What a layer's own entries have beside what the port tells. */
export type FullEntry = TarLayerEntry & Pick<TarHeader, 'uname' | 'gname' | 'atime' | 'ctime'>;

/** Writes the entries of a layer, each as far as it differs from the one before. */
export class EntryWriter {
  readonly #out = new ByteWriter();
  #count = 0;
  #path: Bytes = new Uint8Array(0);
  #before: EntryBefore = BEFORE_FIRST;

  /** How many entries there are so far. */
  get count(): number {
    return this.#count;
  }

  /** What they take so far. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#out.bytes();
  }

  /** `INVALID_ARGUMENT` for an entry that no tar stream has after those before. */
  add(entry: FullEntry): void {
    const before = this.#before;
    const { mode, uid, gid, mtime, uname = '', gname = '', sparse } = entry;
    const wholeSeconds = Number.isInteger(mtime) && Math.abs(mtime) <= LARGEST_SECONDS;
    const seconds = wholeSeconds ? mtime : before.seconds;
    const stored = sparse?.storedSize ?? entry.size;
    const blocks = (entry.offset - before.end) / BLOCK;
    if (!Number.isSafeInteger(blocks) || blocks < 0) {
      throw new StowageError('INVALID_ARGUMENT', `not entries in the order of a tar stream: ${entry.path}`);
    }
    const head =
      TYPES.indexOf(entry.type) |
      (uid !== before.uid || gid !== before.gid ? HAS.owner : 0) |
      (mode !== before.mode ? HAS.mode : 0) |
      (seconds !== before.seconds ? HAS.seconds : 0) |
      (wholeSeconds ? 0 : HAS.fraction) |
      (uname !== before.uname ? HAS.ownerName : 0) |
      (gname !== before.gname ? HAS.groupName : 0) |
      optionalOf(entry);
    this.#out.raw(Uint8Array.of(head % 256, head >> 8));
    this.#writePath(entry.path);
    this.#out.count(blocks);
    if (entry.type === 'file') this.#out.count(entry.size);
    this.#writeOptional(entry, head, seconds - before.seconds);
    const end = entry.offset + Math.ceil(stored / BLOCK) * BLOCK;
    this.#before = { mode, uid, gid, seconds, uname, gname, end };
    this.#count++;
  }

  /** How many bytes of the path before it begins with, and what follows them. */
  #writePath(path: string): void {
    const bytes = encodeTarText(path);
    const before = this.#path;
    let shared = 0;
    while (shared < bytes.length && shared < before.length && bytes[shared] === before[shared]) shared++;
    this.#out.count(shared);
    this.#out.count(bytes.length - shared);
    this.#out.raw(bytes.subarray(shared));
    this.#path = bytes;
  }

  #writeOptional(entry: FullEntry, head: number, seconds: number): void {
    const out = this.#out;
    const { uid, gid, xattrs, sparse } = entry;
    if (head & HAS.owner) {
      out.count(uid);
      out.count(gid);
    }
    if (head & HAS.mode) out.count(entry.mode);
    if (head & HAS.seconds) out.signed(seconds);
    if (head & HAS.fraction) out.float(entry.mtime);
    if (head & HAS.link) out.text(entry.linkname ?? '');
    if (xattrs !== undefined) this.#writeAttributes(xattrs);
    if (head & HAS.device) {
      out.count(entry.devmajor ?? 0);
      out.count(entry.devminor ?? 0);
    }
    if (head & HAS.ownerName) out.text(entry.uname ?? '');
    if (head & HAS.groupName) out.text(entry.gname ?? '');
    if (head & HAS.accessTime) out.float(entry.atime ?? 0);
    if (head & HAS.changeTime) out.float(entry.ctime ?? 0);
    if (sparse !== undefined) this.#writeSparse(sparse);
  }

  #writeAttributes(xattrs: Readonly<Record<string, string>>): void {
    const pairs = Object.entries(xattrs);
    this.#out.count(pairs.length);
    for (const [key, value] of pairs) {
      this.#out.text(key);
      this.#out.text(value);
    }
  }

  #writeSparse({ storedSize, segments }: TarSparse): void {
    this.#out.count(storedSize);
    this.#out.count(segments.length);
    let end = 0;
    for (const { offset, size } of segments) {
      this.#out.count(offset - end);
      this.#out.count(size);
      end = offset + size;
    }
  }
}

function optionalOf(entry: FullEntry): number {
  return (
    (entry.type === 'symlink' || entry.type === 'hardlink' ? HAS.link : 0) |
    (entry.xattrs === undefined ? 0 : HAS.xattrs) |
    (entry.type === 'char' || entry.type === 'block' ? HAS.device : 0) |
    (entry.atime === undefined ? 0 : HAS.accessTime) |
    (entry.ctime === undefined ? 0 : HAS.changeTime) |
    (entry.sparse === undefined ? 0 : HAS.sparse)
  );
}
