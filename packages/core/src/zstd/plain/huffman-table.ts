import { bitsAt, bitsOf, wordAt } from './bits.ts';
import { WEIGHTS } from './fse-kinds.ts';
import { FseTable } from './fse-table.ts';

const MOST_BITS = 11;

const weightTable = new FseTable(WEIGHTS);
const weights = new Uint8Array(256);
/** How many symbols have each weight; then where each weight begins in the table. */
const ranks = new Uint32Array(MOST_BITS + 2);

/** A Huffman code of literals (RFC 8878, section 4.2), and the streams that use it. */
export class HuffmanTable {
  /** The bits of the longest code; 0 where there is no code. */
  bits = 0;
  /** By the bits that come next: a symbol, and from bit 8 on how many bits its code has. */
  readonly #entries = new Uint16Array(1 << MOST_BITS);

  /** Becomes the code of a description. Answers where that ends, or 0 where it is none. */
  read(bytes: Uint8Array, at: number, end: number): number {
    this.bits = 0;
    if (at >= end) return 0;
    const head = bytes[at] as number;
    const from = at + 1;
    const direct = head >= 128;
    const to = from + (direct ? (head - 126) >> 1 : head);
    if (to > end) return 0;
    const count = direct ? plainWeights(bytes, from, head - 127) : codedWeights(bytes, from, to);
    return count > 0 && this.#build(count) ? to : 0;
  }

  /** Decodes one stream. Answers whether it has exactly as many symbols as there is room. */
  oneStream(
    bytes: Uint8Array,
    at: number,
    end: number,
    output: Uint8Array,
    to: number,
    toEnd: number,
  ): boolean {
    let position = bitsOf(bytes, at, end);
    if (position < 0) return false;
    const entries = this.#entries;
    const width = this.bits;
    const mask = (1 << width) - 1;
    // Two at a time while the bits of both are there for sure.
    for (; to + 2 <= toEnd && position >= 32; to += 2) {
      const begin = position - 25;
      const word = wordAt(bytes, at + (begin >> 3)) >>> (begin & 7);
      const first = entries[(word >>> (25 - width)) & mask] as number;
      const second = entries[(word >>> (25 - width - (first >> 8))) & mask] as number;
      output[to] = first;
      output[to + 1] = second;
      position -= (first >> 8) + (second >> 8);
    }
    for (; to < toEnd && position > 0; to += 1) {
      const entry = entries[bitsAt(bytes, at, position - width, width)] as number;
      output[to] = entry;
      position -= entry >> 8;
    }
    return position === 0 && to === toEnd;
  }

  /** Decodes four streams behind their jump table (section 3.1.1.3.1.6). */
  fourStreams(bytes: Uint8Array, at: number, end: number, output: Uint8Array, length: number): boolean {
    if (at + 10 > end || length < 6) return false;
    const each = (length + 3) >> 2;
    if (each * 3 > length) return false;
    let from = at + 6;
    for (let stream = 0; stream < 4; stream += 1) {
      const size = wordAt(bytes, at + stream * 2) & 0xffff;
      const to = stream === 3 ? end : from + size;
      if (to > end) return false;
      const written = each * stream;
      const writtenEnd = stream === 3 ? length : written + each;
      if (!this.oneStream(bytes, from, to, output, written, writtenEnd)) return false;
      from = to;
    }
    return true;
  }

  /** Makes the table of `count` weights and of the last one, which is not written. */
  #build(count: number): boolean {
    ranks.fill(0);
    let sum = 0;
    for (let symbol = 0; symbol < count; symbol += 1) {
      const weight = weights[symbol] as number;
      if (weight > MOST_BITS) return false;
      ranks[weight] = (ranks[weight] as number) + 1;
      sum += (1 << weight) >> 1;
    }
    if (sum === 0) return false;
    const bits = 32 - Math.clz32(sum);
    if (bits > MOST_BITS) return false;
    const rest = (1 << bits) - sum;
    if ((rest & (rest - 1)) !== 0) return false;
    const last = 32 - Math.clz32(rest);
    weights[count] = last;
    ranks[last] = (ranks[last] as number) + 1;
    // The longest code has a sibling.
    if ((ranks[1] as number) < 2) return false;
    let start = 0;
    for (let weight = 1; weight <= bits; weight += 1) {
      const symbols = ranks[weight] as number;
      ranks[weight] = start;
      start += symbols << (weight - 1);
    }
    for (let symbol = 0; symbol <= count; symbol += 1) {
      const weight = weights[symbol] as number;
      if (weight === 0) continue;
      const from = ranks[weight] as number;
      const to = from + (1 << (weight - 1));
      this.#entries.fill(((bits + 1 - weight) << 8) | symbol, from, to);
      ranks[weight] = to;
    }
    this.bits = bits;
    return true;
  }
}

/** Weights of four bits each; answers how many there are. */
function plainWeights(bytes: Uint8Array, at: number, count: number): number {
  for (let index = 0; index < count; index += 1) {
    const pair = bytes[at + (index >> 1)] as number;
    weights[index] = (index & 1) === 1 ? pair & 15 : pair >> 4;
  }
  return count;
}

/** Weights that FSE has compressed: two states take turns (section 4.2.1.2). Answers how many there are, or 0. */
function codedWeights(bytes: Uint8Array, at: number, end: number): number {
  const base = weightTable.read(bytes, at, end);
  if (base < 0) return 0;
  const { bits, bases, widths, next } = weightTable;
  let position = bitsOf(bytes, base, end) - 2 * bits;
  if (position < 0) return 0;
  let mine = bitsAt(bytes, base, position + bits, bits);
  let other = bitsAt(bytes, base, position, bits);
  for (let count = 0; count < 254;) {
    weights[count] = bases[mine] as number;
    count += 1;
    const width = widths[mine] as number;
    position -= width;
    if (position < 0) {
      weights[count] = bases[other] as number;
      return count + 1;
    }
    const following = (next[mine] as number) + bitsAt(bytes, base, position, width);
    mine = other;
    other = following;
  }
  return 0;
}
