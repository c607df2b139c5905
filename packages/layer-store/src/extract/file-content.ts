import * as fs from 'node:fs';
import type { Bytes } from '@stowage/types';
import type { TarLayerEntry } from '../content/layer-entry.ts';
import { call } from './node-files.ts';

/** Bytes, and where in a file they go. */
interface Placed {
  readonly position: number;
  readonly pieces: Bytes[];
}

/** The stored content of a file as it comes in, and where it goes: past the holes, where the file has some. */
export class FileContent {
  /** Bytes of the file that have been written or are waiting. */
  #received = 0;
  #waiting: Placed[] = [];
  #segment = 0;
  /** How many bytes of the segment have come. */
  #ofSegment = 0;
  readonly #entry: TarLayerEntry;

  constructor(entry: TarLayerEntry) {
    this.#entry = entry;
  }

  /** How many bytes are to come in all. */
  get storedSize(): number {
    return this.#entry.sparse?.storedSize ?? this.#entry.size;
  }

  get complete(): boolean {
    return this.#received === this.storedSize;
  }

  /** Whether bytes have come that are not written. */
  get waiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes the next bytes, which must not change until they are written. */
  push(bytes: Bytes): void {
    const { sparse } = this.#entry;
    if (sparse === undefined) {
      this.#place(this.#received, bytes);
    } else {
      for (let at = 0; at < bytes.length;) {
        const { offset, size } = sparse.segments[this.#segment] ?? {
          offset: this.#entry.size,
          size: Infinity,
        };
        const piece = bytes.subarray(at, at + size - this.#ofSegment);
        if (piece.length > 0) this.#place(offset + this.#ofSegment, piece);
        at += piece.length;
        this.#ofSegment += piece.length;
        if (this.#ofSegment < size) continue;
        this.#segment++;
        this.#ofSegment = 0;
      }
    }
    this.#received += bytes.length;
  }

  /** Writes what is waiting. */
  async flush(fd: number): Promise<void> {
    const placed = this.#waiting;
    this.#waiting = [];
    for (const { position, pieces } of placed) await writeAll(fd, pieces, position);
  }

  /** Holes at the end of a file come into being by its length. */
  async finish(fd: number): Promise<void> {
    if (this.#entry.sparse === undefined) return;
    await call((done) => {
      fs.ftruncate(fd, this.#entry.size, done);
    });
  }

  #place(position: number, bytes: Bytes): void {
    const last = this.#waiting.at(-1);
    const end = last === undefined ? -1 : last.position + lengthOf(last.pieces);
    if (end === position) last?.pieces.push(bytes);
    else this.#waiting.push({ position, pieces: [bytes] });
  }
}

async function writeAll(fd: number, pieces: readonly Bytes[], from: number): Promise<void> {
  let left = pieces;
  let position = from;
  while (left.length > 0) {
    const written = await writeSome(fd, left, position);
    position += written;
    left = after(left, written);
  }
}

function writeSome(fd: number, pieces: readonly Bytes[], position: number): Promise<number> {
  const [first] = pieces;
  return call<number>((done) => {
    if (pieces.length === 1 && first !== undefined) fs.write(fd, first, 0, first.length, position, done);
    else fs.writev(fd, pieces, position, done);
  });
}

/** What of the pieces follows so many bytes. */
function after(pieces: readonly Bytes[], count: number): readonly Bytes[] {
  let skip = count;
  let index = 0;
  for (; index < pieces.length; index++) {
    const { length } = pieces[index] ?? new Uint8Array();
    if (skip < length) break;
    skip -= length;
  }
  const rest = pieces.slice(index);
  if (skip > 0 && rest[0] !== undefined) rest[0] = rest[0].subarray(skip);
  return rest;
}

function lengthOf(pieces: readonly Bytes[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
