import { bitsAt } from './bits.ts';
import type { FseKind } from './fse-kinds.ts';

// Of the table that is being made.
const probabilities = new Int16Array(256 + 3);
const symbolOf = new Uint8Array(512);
const nextOf = new Uint16Array(256);

/** A decoding table of FSE (RFC 8878, section 4.1). Each array has an element for each state. */
export class FseTable {
  /** How many bits a state has; -1 where there is no table. */
  bits = -1;
  /** What the symbol of a state stands for, and how many extra bits are to be added to it. */
  readonly bases: Uint32Array;
  readonly extra: Uint8Array;
  /** How many bits the state after it takes, and what these are added to. */
  readonly widths: Uint8Array;
  readonly next: Uint16Array;
  readonly #kind: FseKind;

  constructor(kind: FseKind) {
    const states = 1 << kind.mostBits;
    this.bases = new Uint32Array(states);
    this.extra = new Uint8Array(states);
    this.widths = new Uint8Array(states);
    this.next = new Uint16Array(states);
    this.#kind = kind;
  }

  /** Becomes the table of the distribution that need not be written. */
  useDefault(): void {
    const { defaults, defaultBits } = this.#kind;
    probabilities.set(defaults);
    this.#build(defaultBits, defaults.length);
  }

  /** Becomes a table of one symbol, which takes no bits. Answers whether there is such a symbol. */
  useOne(symbol: number): boolean {
    const { bases, extra } = this.#kind;
    if (symbol >= bases.length) return false;
    this.bases[0] = bases[symbol] as number;
    this.extra[0] = extra[symbol] as number;
    this.widths[0] = 0;
    this.next[0] = 0;
    this.bits = 0;
    return true;
  }

  /** Becomes the table of a description (section 4.1.1). Answers where that ends, or -1 where it is none. */
  read(bytes: Uint8Array, at: number, end: number): number {
    if (at >= end) return -1;
    const bits = ((bytes[at] as number) & 15) + 5;
    if (bits > this.#kind.mostBits) return -1;
    const most = this.#kind.bases.length;
    let position = 4;
    let left = 1 << bits;
    let symbols = 0;
    while (left > 0) {
      if (symbols >= most || at + (position >> 3) >= end) return -1;
      // A value up to `left` + 1 takes one bit less where it is small.
      const width = 32 - Math.clz32(left + 1);
      const small = (1 << width) - 2 - left;
      let value = bitsAt(bytes, at, position, width - 1);
      position += width - 1;
      if (value >= small) {
        value = bitsAt(bytes, at, position - width + 1, width);
        position += 1;
        if (value >= 1 << (width - 1)) value -= small;
      }
      const probability = value - 1;
      left -= Math.abs(probability);
      probabilities[symbols] = probability;
      symbols += 1;
      for (let zeros = probability === 0 ? 3 : 0; zeros === 3;) {
        if (at + (position >> 3) >= end) return -1;
        zeros = bitsAt(bytes, at, position, 2);
        position += 2;
        if (symbols + zeros > most) return -1;
        probabilities.fill(0, symbols, symbols + zeros);
        symbols += zeros;
      }
    }
    const tableEnd = at + ((position + 7) >> 3);
    if (tableEnd > end) return -1;
    this.#build(bits, symbols);
    return tableEnd;
  }

  #build(bits: number, symbols: number): void {
    const size = 1 << bits;
    let high = size;
    for (let symbol = 0; symbol < symbols; symbol += 1) {
      const probability = probabilities[symbol] as number;
      if (probability < 0) symbolOf[(high -= 1)] = symbol;
      nextOf[symbol] = Math.abs(probability);
    }
    const step = (size >> 1) + (size >> 3) + 3;
    let at = 0;
    for (let symbol = 0; symbol < symbols; symbol += 1) {
      for (let times = probabilities[symbol] as number; times > 0; times -= 1) {
        symbolOf[at] = symbol;
        do at = (at + step) & (size - 1);
        while (at >= high);
      }
    }
    const { bases, extra } = this.#kind;
    for (let state = 0; state < size; state += 1) {
      const symbol = symbolOf[state] as number;
      const next = nextOf[symbol] as number;
      nextOf[symbol] = next + 1;
      const width = bits - (31 - Math.clz32(next));
      this.bases[state] = bases[symbol] as number;
      this.extra[state] = extra[symbol] as number;
      this.widths[state] = width;
      this.next[state] = (next << width) - size;
    }
    this.bits = bits;
  }
}
