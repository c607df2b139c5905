import type { Bytes } from '@stowage/types';
import { BLOCK } from './tar-block.ts';
import { invalidTar, tarLimit } from './tar-error.ts';
import { decodeNumber } from './tar-number.ts';

/** A run of a sparse file that is stored; what is between two of them is zeros. */
export interface TarSparseSegment {
  /** Where it is in the file, in bytes. */
  readonly offset: number;
  /** Bytes: whole blocks of 512, but for the last one. At least one byte. */
  readonly size: number;
}

/** What of a sparse file is in the archive. */
export interface TarSparse {
  /** Bytes of content in the stream: those of all segments, one after the other. */
  readonly storedSize: number;
  /** In order, without overlap, within the file. */
  readonly segments: readonly TarSparseSegment[];
}

/** Collects and checks the map of a sparse file, whatever its format. Internal to the tar files. */
export class SparseMap {
  readonly #segments: TarSparseSegment[] = [];
  readonly #realSize: number;
  readonly #maxSegments: number;
  /** How far the segments reach. */
  #end = 0;
  #storedSize = 0;

  constructor(realSize: number, maxSegments: number) {
    if (realSize < 0) throw invalidTar('invalid tar header: negative size');
    this.#realSize = realSize;
    this.#maxSegments = maxSegments;
  }

  /** `INVALID_ARCHIVE` for a segment that is not after the one before, or not within the file; `LIMIT_EXCEEDED`. */
  add(offset: number, size: number): void {
    const end = offset + size;
    if (offset < this.#end || size < 0 || end > this.#realSize) throw invalidTar('invalid sparse map');
    this.#end = end;
    if (size === 0) return;
    // GNU tar begins each segment in a block of its own, other readers right after the one before.
    if (this.#storedSize % BLOCK !== 0)
      throw invalidTar('invalid sparse map: a segment that does not fill its blocks');
    if (this.#segments.length === this.#maxSegments) {
      throw tarLimit(`a sparse file of more than ${this.#maxSegments} segments`);
    }
    this.#segments.push({ offset, size });
    this.#storedSize += size;
  }

  /** The whole map. `INVALID_ARCHIVE` unless it stands for just what is stored, and for the whole file. */
  finish(storedSize: number): TarSparse {
    // Where a file ends in a hole, a segment of no bytes marks its end; without it GNU tar makes the file shorter.
    if (this.#end !== this.#realSize)
      throw invalidTar('invalid sparse map: it does not reach the end of the file');
    if (this.#storedSize !== storedSize) {
      throw invalidTar(`a sparse map of ${this.#storedSize} bytes for ${storedSize} that are stored`);
    }
    return { storedSize, segments: this.#segments };
  }
}

/** Reads a sparse map that stands in blocks between a header and the content. */
export interface SparseBlocks {
  /** Takes the next block; whether it was the last. */
  take(bytes: Bytes, at: number): boolean;
  /** The whole map. Call it after the last block. */
  finish(): TarSparse;
}

/** The old GNU format: four segments in the header, then blocks of 21. Its map is no part of the size. */
export class OldGnuSparseBlocks implements SparseBlocks {
  /** Bytes of the whole file. */
  readonly realSize: number;
  /** Whether any block follows the header. */
  readonly hasBlocks: boolean;
  readonly #map: SparseMap;
  readonly #storedSize: number;
  #ended = false;

  /** From the header block at `at`. */
  constructor(bytes: Bytes, at: number, storedSize: number, maxSegments: number) {
    this.realSize = decodeNumber(bytes, at + 483, 12, 'size');
    this.#map = new SparseMap(this.realSize, maxSegments);
    this.#storedSize = storedSize;
    this.#addSegments(bytes, at + 386, 4);
    this.hasBlocks = bytes[at + 482] !== 0;
  }

  take(bytes: Bytes, at: number): boolean {
    this.#addSegments(bytes, at, 21);
    return bytes[at + 504] === 0;
  }

  finish(): TarSparse {
    return this.#map.finish(this.#storedSize);
  }

  #addSegments(bytes: Bytes, at: number, count: number): void {
    for (let i = at; i < at + count * 24; i += 24) {
      const offset = decodeNumber(bytes, i, 12, 'offset of a segment');
      const size = decodeNumber(bytes, i + 12, 12, 'size of a segment');
      if (bytes[i + 12] === 0) {
        this.#ended = true;
        continue;
      }
      // GNU tar is at the end of the map at an empty segment, other readers go on.
      if (this.#ended) throw invalidTar('invalid sparse map: segments after its end');
      this.#map.add(offset, size);
    }
  }
}

const NEWLINE = 0x0a;

/** Format 1.0: decimal numbers, one a line, padded to blocks, which are a part of the stored size. */
export class TextSparseBlocks implements SparseBlocks {
  readonly #map: SparseMap;
  readonly #maxSegments: number;
  /** Bytes that are left for the map and the content. */
  #left: number;
  #blocksLeft: number;
  /** Numbers that are still to come; -1 before the first, which tells. */
  #numbersLeft = -1;
  #offset = 0;
  #value = 0;
  #digits = 0;

  constructor(map: SparseMap, storedSize: number, limits: { maxSegments: number; maxBytes: number }) {
    this.#map = map;
    this.#maxSegments = limits.maxSegments;
    this.#left = storedSize;
    this.#blocksLeft = Math.floor(limits.maxBytes / BLOCK);
  }

  take(bytes: Bytes, at: number): boolean {
    this.#left -= BLOCK;
    if (this.#left < 0) throw invalidTar('invalid sparse map: no end');
    if (this.#blocksLeft-- === 0) throw tarLimit('a sparse map of too many bytes');
    for (let i = at; i < at + BLOCK; i++) {
      const byte = bytes[i] ?? 0;
      if (byte === NEWLINE) {
        this.#endNumber();
        if (this.#numbersLeft === 0) return true;
      } else {
        this.#takeDigit(byte - 0x30);
      }
    }
    return false;
  }

  finish(): TarSparse {
    return this.#map.finish(this.#left);
  }

  #takeDigit(digit: number): void {
    this.#value = this.#value * 10 + digit;
    this.#digits++;
    if (digit < 0 || digit > 9 || this.#digits > 16) throw invalidTar('invalid sparse map: malformed number');
  }

  #endNumber(): void {
    const value = this.#value;
    if (this.#digits === 0 || !Number.isSafeInteger(value)) {
      throw invalidTar('invalid sparse map: malformed number');
    }
    this.#value = this.#digits = 0;
    if (this.#numbersLeft < 0) {
      if (value > this.#maxSegments) throw tarLimit(`a sparse file of ${value} segments`);
      this.#numbersLeft = 2 * value;
      return;
    }
    if (this.#numbersLeft % 2 === 0) this.#offset = value;
    else this.#map.add(this.#offset, value);
    this.#numbersLeft--;
  }
}
