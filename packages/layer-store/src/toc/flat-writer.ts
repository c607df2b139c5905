import type { Bytes } from '@stowage/types';

/** What has a place of its own: bytes, a text, a table, a list of any of these. */
export type FlatReference =
  | { readonly bytes: Bytes; readonly text: boolean }
  | { readonly table: readonly FlatField[] }
  | { readonly list: readonly FlatReference[] };

/** A field of a table: a number of so many bytes, or where something is; `undefined` for one that is left out. */
export type FlatField = { readonly int: 1 | 4 | 8; readonly value: number } | FlatReference | undefined;

/** What is written once there is a place for it, and where its offset goes. */
interface Pending {
  readonly field: FlatReference;
  readonly from: number;
}

/** Writes FlatBuffers (flatbuffers.dev, "Internals"): what refers to something stands before it. */
export class FlatWriter {
  #bytes: Uint8Array = new Uint8Array(1 << 16);
  #view: DataView = new DataView(this.#bytes.buffer);
  #length = 0;
  /** Where tables with fields in the same places have their list of those. */
  readonly #shapes = new Map<string, number>();

  /** A buffer with one table. */
  write(root: readonly FlatField[]): Bytes {
    const pending: Pending[] = [{ field: { table: root }, from: this.#take(4) }];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) this.#write(next, pending);
    return this.#bytes.slice(0, this.#length);
  }

  #write({ field, from }: Pending, pending: Pending[]): void {
    if ('bytes' in field) {
      const at = this.#take(4 + field.bytes.length + (field.text ? 1 : 0), 4);
      this.#view.setUint32(at, field.bytes.length, true);
      this.#bytes.set(field.bytes, at + 4);
      this.#refer(from, at);
    } else if ('list' in field) {
      const at = this.#take(4 + 4 * field.list.length, 4);
      this.#view.setUint32(at, field.list.length, true);
      field.list.forEach((item, index) => pending.push({ field: item, from: at + 4 + 4 * index }));
      this.#refer(from, at);
    } else {
      this.#refer(from, this.#table(field.table, pending));
    }
  }

  #table(fields: readonly FlatField[], pending: Pending[]): number {
    // The largest come first, so that there are no gaps.
    const places = new Array<number>(fields.length).fill(0);
    let size = 4;
    for (const wanted of [8, 4, 1]) {
      fields.forEach((field, index) => {
        if (field === undefined || widthOf(field) !== wanted) return;
        places[index] = size;
        size += wanted;
      });
    }
    const shape = this.#shape(places, size);
    const at = this.#take(size, 8, 4);
    this.#view.setInt32(at, at - shape, true);
    fields.forEach((field, index) => {
      const place = at + (places[index] ?? 0);
      if (field === undefined) return;
      if ('int' in field) this.#int(place, field.int, field.value);
      else pending.push({ field, from: place });
    });
    return at;
  }

  #shape(places: readonly number[], size: number): number {
    const key = `${places.join()} ${String(size)}`;
    const known = this.#shapes.get(key);
    if (known !== undefined) return known;
    const words = [4 + 2 * places.length, size, ...places];
    const at = this.#take(2 * words.length, 2);
    words.forEach((word, index) => {
      this.#view.setUint16(at + 2 * index, word, true);
    });
    this.#shapes.set(key, at);
    return at;
  }

  #int(at: number, width: 1 | 4 | 8, value: number): void {
    if (width === 1) this.#view.setInt8(at, value);
    else if (width === 4) this.#view.setInt32(at, value, true);
    else this.#view.setBigInt64(at, BigInt(value), true);
  }

  #refer(from: number, to: number): void {
    this.#view.setUint32(from, to - from, true);
  }

  /** Room for `length` bytes of zeros, `before` bytes in front of a multiple of `alignment`. */
  #take(length: number, alignment = 1, before = 0): number {
    const at = Math.ceil((this.#length + before) / alignment) * alignment - before;
    const end = at + length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
      this.#view = new DataView(grown.buffer);
    }
    this.#length = end;
    return at;
  }
}

function widthOf(field: FlatField & object): number {
  return 'int' in field ? field.int : 4;
}
