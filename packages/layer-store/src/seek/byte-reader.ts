import { decodeTarText } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';

/** Reads what a `ByteWriter` wrote. Everything throws `INVALID_ARCHIVE` beyond the end. */
export class ByteReader {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  /** How many bytes are left. */
  get left(): number {
    return this.#bytes.length - this.#at;
  }

  raw(length: number): Bytes {
    if (length > this.left) throw invalidIndex('it is cut short');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** A whole number, not negative, that JavaScript can count to. */
  count(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw invalidIndex('it is cut short');
      value += (byte & 127) * unit;
      if (!(value <= Number.MAX_SAFE_INTEGER)) throw invalidIndex('a number is too large');
      if (byte < 128) return value;
    }
  }

  signed(): number {
    const value = this.count();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  float(): number {
    const bytes = this.raw(8);
    const value = new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
    if (!Number.isFinite(value)) throw invalidIndex('a number is none');
    return value;
  }

  text(): string {
    return decodeTarText(this.raw(this.count()));
  }
}

/** The error for bytes that are no seek index. */
export function invalidIndex(message: string, cause?: unknown): StowageError {
  return new StowageError(
    'INVALID_ARCHIVE',
    `invalid seek index: ${message}`,
    cause === undefined ? {} : { cause },
  );
}
