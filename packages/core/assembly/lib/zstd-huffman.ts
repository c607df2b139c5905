// Huffman codes of literals (RFC 8878, section 4.2) and the streams that use them.

import { bitsAt, bitsOf } from './zstd-bits';
import { Kind, nextState, readTable, tableEnd } from './zstd-fse';
import { HUFFMAN, RANKS, WEIGHT_STATES, WEIGHTS } from './zstd-layout';
import { State } from './zstd-state';

const MOST_BITS: i32 = 11;

/** Reads the description of a code and makes its table. Answers where its end is, or 0 where it is none. */
export function readHuffman(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const head = <usize>load<u8>(at++);
  let count: i32;
  if (head >= 128) {
    count = <i32>head - 127;
    const length = (<usize>count + 1) >> 1;
    if (at + length > end) return 0;
    for (let index: usize = 0; index < <usize>count; index++) {
      const pair = load<u8>(at + (index >> 1));
      store<u8>(WEIGHTS + index, index & 1 ? pair & 15 : pair >> 4);
    }
    at += length;
  } else {
    if (at + head > end) return 0;
    count = readWeights(at, at + head);
    at += head;
  }
  return count > 0 && build(count) ? at : 0;
}

/** Weights that FSE has compressed: two states take turns (section 4.2.1.2). Answers how many there are, or 0. */
function readWeights(at: usize, end: usize): i32 {
  const bits = readTable(at, end, WEIGHT_STATES, Kind.Weights);
  if (bits < 0) return 0;
  const base = tableEnd;
  let position = bitsOf(base, end) - bits;
  const mask = (1 << bits) - 1;
  let even = <usize>bitsAt(base, position) & mask;
  position -= bits;
  let odd = <usize>bitsAt(base, position) & mask;
  if (position < 0) return 0;
  for (let count = 0; count < 254; ) {
    const entry = load<u64>(WEIGHT_STATES + (even << 3));
    store<u8>(WEIGHTS + count++, <u8>entry);
    position -= <i32>(entry >> 40) & 63;
    if (position < 0) {
      store<u8>(WEIGHTS + count++, load<u8>(WEIGHT_STATES + (odd << 3)));
      return count;
    }
    even = nextState(entry, bitsAt(base, position));
    // The other one's turn.
    const swap = even;
    even = odd;
    odd = swap;
  }
  return 0;
}

/** Makes the table of `count` weights and of the last one, which is not written. */
function build(count: i32): bool {
  memory.fill(RANKS, 0, 64);
  let sum: u32 = 0;
  for (let symbol = 0; symbol < count; symbol++) {
    const weight = <u32>load<u8>(WEIGHTS + symbol);
    if (weight > <u32>MOST_BITS) return false;
    const rank = RANKS + (<usize>weight << 2);
    store<u32>(rank, load<u32>(rank) + 1);
    sum += (1 << weight) >> 1;
  }
  if (sum == 0) return false;
  const bits = 32 - clz(sum);
  if (bits > MOST_BITS) return false;
  const rest = (1 << bits) - sum;
  if ((rest & (rest - 1)) != 0) return false;
  const last = 32 - clz(rest);
  store<u8>(WEIGHTS + count, last);
  const rank = RANKS + (<usize>last << 2);
  store<u32>(rank, load<u32>(rank) + 1);
  // The longest code has a sibling.
  if (load<u32>(RANKS + 4) < 2) return false;
  let start: u32 = 0;
  for (let weight: usize = 1; weight <= <usize>bits; weight++) {
    const symbols = load<u32>(RANKS + (weight << 2));
    store<u32>(RANKS + (weight << 2), start);
    start += symbols << <u32>(weight - 1);
  }
  for (let symbol = 0; symbol <= count; symbol++) {
    const weight = <usize>load<u8>(WEIGHTS + symbol);
    if (weight == 0) continue;
    const from = load<u32>(RANKS + (weight << 2));
    const to = from + (1 << <u32>(weight - 1));
    const entry = ((bits + 1 - <i32>weight) << 8) | symbol;
    for (let at = from; at < to; at++) store<u16>(HUFFMAN + (<usize>at << 1), entry);
    store<u32>(RANKS + (weight << 2), to);
  }
  State.huffmanBits = bits;
  return true;
}

/** The 57 bits or more below a position of at least 64, highest first. */
@inline
function window(base: usize, position: i32): u64 {
  const byte = (position - 57) >> 3;
  return load<u64>(base + <usize>byte) << (((byte << 3) + 64 - position) & 63);
}

@inline
function entryOf(bits: u64, shift: u64): u32 {
  return <u32>load<u16>(HUFFMAN + (<usize>(bits >> shift) << 1));
}

/** Decodes one stream. Answers whether it has exactly as many symbols as there is room. */
export function oneStream(at: usize, end: usize, to: usize, toEnd: usize): bool {
  const bits = bitsOf(at, end);
  return bits >= 0 && rest(at, bits, to, toEnd);
}

function rest(base: usize, position: i32, to: usize, toEnd: usize): bool {
  const width = State.huffmanBits;
  const shift: u64 = 64 - width;
  while (to + 5 <= toEnd && position >= 64) {
    let bits = window(base, position);
    for (let index: usize = 0; index < 5; index++) {
      const entry = entryOf(bits, shift);
      store<u8>(to + index, entry);
      bits <<= entry >> 8;
      position -= entry >> 8;
    }
    to += 5;
  }
  const mask = (1 << width) - 1;
  while (to < toEnd && position > 0) {
    const entry = <u32>load<u16>(HUFFMAN + ((<usize>bitsAt(base, position - width) & mask) << 1));
    store<u8>(to++, entry);
    position -= entry >> 8;
  }
  return position == 0 && to == toEnd;
}

/** Decodes four streams behind their jump table (section 3.1.1.3.1.6). */
export function fourStreams(at: usize, end: usize, to: usize, toEnd: usize): bool {
  if (at + 10 > end || toEnd - to < 6) return false;
  const base1 = at + 6;
  const base2 = base1 + load<u16>(at);
  const base3 = base2 + load<u16>(at, 2);
  const base4 = base3 + load<u16>(at, 4);
  if (base4 >= end) return false;
  let left1 = bitsOf(base1, base2);
  let left2 = bitsOf(base2, base3);
  let left3 = bitsOf(base3, base4);
  let left4 = bitsOf(base4, end);
  if ((left1 | left2 | left3 | left4) < 0) return false;
  const each = (toEnd - to + 3) >> 2;
  const to4 = to + each * 3;
  if (to4 > toEnd) return false;
  const shift: u64 = 64 - State.huffmanBits;
  let done: usize = 0;
  const quick = toEnd - to4;
  // Four at a time, so that none waits for the entry of another.
  while (done + 5 <= quick && left1 >= 64 && left2 >= 64 && left3 >= 64 && left4 >= 64) {
    let bits1 = window(base1, left1);
    let bits2 = window(base2, left2);
    let bits3 = window(base3, left3);
    let bits4 = window(base4, left4);
    let out = to + done;
    for (const outEnd = out + 5; out < outEnd; out++) {
      const entry1 = entryOf(bits1, shift);
      const entry2 = entryOf(bits2, shift);
      const entry3 = entryOf(bits3, shift);
      const entry4 = entryOf(bits4, shift);
      store<u8>(out, entry1);
      store<u8>(out + each, entry2);
      store<u8>(out + each * 2, entry3);
      store<u8>(out + each * 3, entry4);
      bits1 <<= entry1 >> 8;
      bits2 <<= entry2 >> 8;
      bits3 <<= entry3 >> 8;
      bits4 <<= entry4 >> 8;
      left1 -= entry1 >> 8;
      left2 -= entry2 >> 8;
      left3 -= entry3 >> 8;
      left4 -= entry4 >> 8;
    }
    done += 5;
  }
  return (
    rest(base1, left1, to + done, to + each) &&
    rest(base2, left2, to + each + done, to + each * 2) &&
    rest(base3, left3, to + each * 2 + done, to4) &&
    rest(base4, left4, to4 + done, toEnd)
  );
}
