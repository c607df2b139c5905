import type { Bytes, Clock, ContentInfo, Digest } from '@stowage/types';
import type { Labels } from './labels.ts';
import type { SavedHash } from './saved-hash.ts';
import type { Expectation, PartialContent } from './verified-ingest.ts';

const FIRST_BLOCK = 64 * 1024;
const LARGEST_BLOCK = 4 * 1024 * 1024;

/** Takes a finished partial over into the store. */
export type Publish = (digest: Digest, bytes: Bytes, labels: Labels) => ContentInfo;

/** An ingest's bytes in memory: a list of blocks that is joined once they are published. */
export class MemoryPartial implements PartialContent {
  readonly #clock: Clock;
  readonly #publish: Publish;
  readonly #blocks: Uint8Array[] = [];
  #kept = 0;
  /** Bytes of room in the last block. */
  #room = 0;
  #updatedAt: number;
  #savedHash: SavedHash | undefined;
  /** What the ingest that was opened last expects. */
  expected: Expectation = { labels: {} };

  constructor(clock: Clock, publish: Publish) {
    this.#clock = clock;
    this.#publish = publish;
    this.#updatedAt = clock.now();
  }

  get kept(): number {
    return this.#kept;
  }

  get savedHash(): SavedHash | undefined {
    return this.#savedHash;
  }

  get updatedAt(): number {
    return this.#updatedAt;
  }

  take(bytes: Bytes): number {
    for (let at = 0; at < bytes.byteLength;) {
      const block = this.#roomyBlock();
      const piece = bytes.subarray(at, at + this.#room);
      block.set(piece, block.byteLength - this.#room);
      this.#room -= piece.byteLength;
      this.#kept += piece.byteLength;
      at += piece.byteLength;
    }
    this.#updatedAt = this.#clock.now();
    return bytes.byteLength;
  }

  makeRoom(): Promise<void> {
    return Promise.resolve();
  }

  flush(): Promise<void> {
    return Promise.resolve();
  }

  truncate(size: number): Promise<void> {
    let excess = this.#kept - size;
    for (;;) {
      const used = (this.#blocks.at(-1)?.byteLength ?? 0) - this.#room;
      if (excess < used || this.#blocks.length === 0) break;
      this.#blocks.pop();
      this.#room = 0;
      excess -= used;
    }
    this.#room += excess;
    this.#kept = size;
    if (size < (this.#savedHash?.size ?? 0)) this.#savedHash = undefined;
    this.#updatedAt = this.#clock.now();
    return Promise.resolve();
  }

  replay(start: number, end: number, onBytes: (bytes: Bytes) => void): Promise<void> {
    let at = 0;
    for (const block of this.#blocks) {
      const from = Math.max(start - at, 0);
      const to = Math.min(end - at, block.byteLength);
      if (from < to) onBytes(block.subarray(from, to));
      at += block.byteLength;
    }
    return Promise.resolve();
  }

  publish(digest: Digest, size: number, labels: Labels): Promise<ContentInfo> {
    const bytes = new Uint8Array(size);
    let at = 0;
    for (const block of this.#blocks) {
      const used = block.subarray(0, size - at);
      bytes.set(used, at);
      at += used.byteLength;
    }
    this.#blocks.length = 0;
    return Promise.resolve(this.#publish(digest, bytes, labels));
  }

  close(hash?: SavedHash): Promise<void> {
    this.#savedHash = hash ?? this.#savedHash;
    return Promise.resolve();
  }

  /** A block with room: the last one, or a new one of twice the size. */
  #roomyBlock(): Uint8Array {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#room > 0) return last;
    const size = Math.min((last?.byteLength ?? FIRST_BLOCK / 2) * 2, LARGEST_BLOCK);
    const block = new Uint8Array(size);
    this.#blocks.push(block);
    this.#room = size;
    return block;
  }
}
