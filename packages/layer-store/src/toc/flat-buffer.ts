import type { Bytes } from '@stowage/types';
import { invalidToc } from './toc-error.ts';

// FlatBuffers, as far as they are needed for reading (flatbuffers.dev, "Internals"). Every offset comes from outside: each
// is looked at before it is followed, and none is followed twice within one call.

/** A table in a buffer. */
export class FlatTable {
  readonly #buffer: FlatBuffer;
  readonly #at: number;
  readonly #vtable: number;
  readonly #vtableSize: number;

  constructor(buffer: FlatBuffer, at: number) {
    this.#buffer = buffer;
    this.#at = at;
    this.#vtable = at - buffer.view(at, 4).getInt32(0, true);
    this.#vtableSize = buffer.view(this.#vtable, 4).getUint16(0, true);
  }

  int8(field: number, absent: number): number {
    const at = this.#field(field);
    return at === undefined ? absent : this.#buffer.view(at, 1).getInt8(0);
  }

  int32(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#buffer.view(at, 4).getInt32(0, true);
  }

  uint32(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : this.#buffer.view(at, 4).getUint32(0, true);
  }

  /** Beyond 2^53 it is not exact. */
  int64(field: number): number {
    const at = this.#field(field);
    return at === undefined ? 0 : Number(this.#buffer.view(at, 8).getBigInt64(0, true));
  }

  /** The bytes of a text or of a vector of bytes, in the buffer; none where the field is absent. */
  bytes(field: number): Bytes {
    const at = this.#field(field);
    return at === undefined ? new Uint8Array(0) : this.#buffer.bytes(this.#buffer.follow(at));
  }

  table(field: number): FlatTable | undefined {
    const at = this.#field(field);
    return at === undefined ? undefined : new FlatTable(this.#buffer, this.#buffer.follow(at));
  }

  *tables(field: number): Generator<FlatTable, void, undefined> {
    for (const at of this.#offsets(field)) yield new FlatTable(this.#buffer, at);
  }

  *texts(field: number): Generator<Bytes, void, undefined> {
    for (const at of this.#offsets(field)) yield this.#buffer.bytes(at);
  }

  *#offsets(field: number): Generator<number, void, undefined> {
    const at = this.#field(field);
    if (at === undefined) return;
    const vector = this.#buffer.follow(at);
    const { length } = this.#buffer.vector(vector, 4);
    for (let i = 0; i < length; i++) yield this.#buffer.follow(vector + 4 + 4 * i);
  }

  #field(field: number): number | undefined {
    const slot = 4 + 2 * field;
    if (slot + 2 > this.#vtableSize) return undefined;
    const offset = this.#buffer.view(this.#vtable + slot, 2).getUint16(0, true);
    return offset === 0 ? undefined : this.#at + offset;
  }
}

/** A buffer with its root table. `INVALID_ARCHIVE` for whatever leads out of it. */
export class FlatBuffer {
  readonly #bytes: Bytes;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  get root(): FlatTable {
    return new FlatTable(this, this.follow(0));
  }

  view(at: number, length: number): DataView {
    const { buffer, byteOffset, length: size } = this.#bytes;
    if (at < 0 || at + length > size) throw invalidToc('an offset leads out of it');
    return new DataView(buffer, byteOffset + at, length);
  }

  /** Where an offset leads. */
  follow(at: number): number {
    return at + this.view(at, 4).getUint32(0, true);
  }

  vector(at: number, elementSize: number): { readonly length: number } {
    const length = this.view(at, 4).getUint32(0, true);
    if (at + 4 + length * elementSize > this.#bytes.length) throw invalidToc('a list leads out of it');
    return { length };
  }

  bytes(at: number): Bytes {
    const { length } = this.vector(at, 1);
    return this.#bytes.subarray(at + 4, at + 4 + length);
  }
}
