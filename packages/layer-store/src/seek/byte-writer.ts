import { encodeTarText } from '@stowage/core';
import type { Bytes } from '@stowage/types';

const FIRST_CAPACITY = 1024;

/** Writes the numbers and texts of a seek index, one after the other. */
export class ByteWriter {
  #bytes = new Uint8Array(FIRST_CAPACITY);
  #length = 0;

  /** How many bytes there are so far. */
  get length(): number {
    return this.#length;
  }

  /** What was written. It is overwritten by nothing that follows. */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  raw(bytes: Bytes): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A whole number, not negative: in groups of seven bits, lowest first, the eighth bit set in all but the last. */
  count(value: number): void {
    this.#reserve(8);
    let left = value;
    for (; left > 127; left = Math.floor(left / 128)) this.#bytes[this.#length++] = (left % 128) + 128;
    this.#bytes[this.#length++] = left;
  }

  /** A whole number: as twice its value, or one less than twice its opposite where it is negative. */
  signed(value: number): void {
    this.count(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Any number: eight bytes of IEEE 754, lowest first. */
  float(value: number): void {
    this.#reserve(8);
    new DataView(this.#bytes.buffer).setFloat64(this.#length, value, true);
    this.#length += 8;
  }

  /** The length in bytes, then the bytes, as an archive has them. */
  text(text: string): void {
    const bytes = encodeTarText(text);
    this.count(bytes.length);
    this.raw(bytes);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}
