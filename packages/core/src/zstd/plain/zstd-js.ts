import type { Bytes } from '@stowage/types';
import { BLOCK_SIZE } from '../zstd-engine.ts';
import type { ZstdEngine } from '../zstd-engine.ts';
import { BEFORE_STREAM } from './bits.ts';
import { Literals } from './literals.ts';
import { OutputWindow } from './output-window.ts';
import { Sequences } from './sequences.ts';
import { Xxh64 } from './xxh64.ts';

/** Blocks of zstd (RFC 8878) in plain TypeScript. It answers what assembly/zstd.ts answers, whatever it is given. */
export class PlainZstdEngine implements ZstdEngine {
  /** Up to eight bytes behind a block may be read too. */
  readonly #input = new Uint8Array(BEFORE_STREAM + BLOCK_SIZE + 8);
  readonly #window = new OutputWindow();
  readonly #literals = new Literals();
  readonly #sequences = new Sequences(this.#literals, this.#window);
  readonly #hash = new Xxh64();
  /** Where the output of the block at hand begins. */
  #begun = 0;

  begin(windowSize: number): void {
    this.#window.begin(windowSize);
    this.#literals.begin();
    this.#sequences.begin();
    this.#hash.begin();
    this.#begun = 0;
  }

  put(bytes: Bytes, offset: number): void {
    this.#input.set(bytes, BEFORE_STREAM + offset);
  }

  raw(length: number): number {
    const status = this.#makeRoom();
    if (status !== 0) return status;
    this.#window.bytes.set(this.#input.subarray(BEFORE_STREAM, BEFORE_STREAM + length), this.#begun);
    this.#window.end += length;
    return 0;
  }

  repeat(length: number): number {
    const status = this.#makeRoom();
    if (status !== 0) return status;
    this.#window.bytes.fill(this.#input[BEFORE_STREAM] as number, this.#begun, this.#begun + length);
    this.#window.end += length;
    return 0;
  }

  compressed(length: number, most: number): number {
    const end = BEFORE_STREAM + length;
    return (
      this.#makeRoom() ||
      this.#literals.read(this.#input, BEFORE_STREAM, end) ||
      this.#sequences.read(this.#input, end, this.#begun + most)
    );
  }

  take(): Bytes {
    return this.#window.bytes.subarray(this.#begun, this.#window.end);
  }

  hash(): void {
    this.#hash.update(this.take());
  }

  checksum(): number {
    return this.#hash.digest();
  }

  free(): void {
    // Left to the garbage collector.
  }

  #makeRoom(): number {
    const status = this.#window.makeRoom();
    this.#begun = this.#window.end;
    return status;
  }
}
