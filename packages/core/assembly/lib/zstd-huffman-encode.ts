// Huffman codes for literals (RFC 8878, section 4.2), of 11 bits at most.

import { addBits, beginBits, flushBits, markEnd } from './zstd-bit-writer';
import {
  COUNTS,
  DESCRIPTION,
  FREQUENCIES,
  HUFFMAN,
  LENGTHS,
  ORDER,
  PARENTS,
  PLACES,
  WEIGHT_TABLE,
  WEIGHTS,
} from './zstd-encode-layout';
import { buildTable, firstState, normalize, stateBefore, tableBits, writeTable } from './zstd-fse-encode';

const MOST_BITS: i32 = 11;

@inline
function u16At(base: usize, index: usize): usize {
  return <usize>load<u16>(base + (index << 1));
}

@inline
function u32At(base: usize, index: usize): u32 {
  return load<u32>(base + (index << 2));
}

/** Puts the symbols of COUNTS that are there in order, the rarest first; answers how many there are. */
function sortSymbols(): i32 {
  let symbols: usize = 0;
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const count = u32At(COUNTS, symbol);
    if (count == 0) continue;
    let at = symbols++;
    for (; at > 0 && u32At(COUNTS, u16At(ORDER, at - 1)) > count; at--) {
      store<u16>(ORDER + (at << 1), u16At(ORDER, at - 1));
    }
    store<u16>(ORDER + (at << 1), symbol);
  }
  return <i32>symbols;
}

/** Counts in LENGTHS how many codes of each length there are to be, of two symbols or more. */
function countLengths(symbols: usize): void {
  for (let leaf: usize = 0; leaf < symbols; leaf++) {
    store<u32>(FREQUENCIES + (leaf << 2), u32At(COUNTS, u16At(ORDER, leaf)));
  }
  // Leaves and inner nodes are both in order, so that the least two are at the fronts of these queues.
  const last = (symbols << 1) - 2;
  let leaf: usize = 0;
  let inner = symbols;
  for (let node = symbols; node <= last; node++) {
    let sum: u32 = 0;
    for (let child = 0; child < 2; child++) {
      const takesLeaf = leaf < symbols && (inner >= node || u32At(FREQUENCIES, leaf) <= u32At(FREQUENCIES, inner));
      const least = takesLeaf ? leaf++ : inner++;
      sum += u32At(FREQUENCIES, least);
      store<u16>(PARENTS + (least << 1), node);
    }
    store<u32>(FREQUENCIES + (node << 2), sum);
  }
  // From here on PARENTS has depths, from the root down.
  memory.fill(LENGTHS, 0, 256);
  store<u16>(PARENTS + (last << 1), 0);
  for (let node = last; node > 0; ) {
    node--;
    const depth = u16At(PARENTS, u16At(PARENTS, node)) + 1;
    store<u16>(PARENTS + (node << 1), depth);
    if (node < symbols) store<u32>(LENGTHS + (depth << 2), u32At(LENGTHS, depth) + 1);
  }
  // Of two codes that are too long one takes the place of their parent; the other goes beside a shorter code.
  for (let length: usize = 63; length > <usize>MOST_BITS; length--) {
    while (u32At(LENGTHS, length) > 0) {
      let shorter = length - 2;
      while (u32At(LENGTHS, shorter) == 0) shorter--;
      store<u32>(LENGTHS + (length << 2), u32At(LENGTHS, length) - 2);
      store<u32>(LENGTHS + ((length - 1) << 2), u32At(LENGTHS, length - 1) + 1);
      store<u32>(LENGTHS + ((shorter + 1) << 2), u32At(LENGTHS, shorter + 1) + 2);
      store<u32>(LENGTHS + (shorter << 2), u32At(LENGTHS, shorter) - 1);
    }
  }
}

/** How long the description of the code is, which `buildCode` put into DESCRIPTION. */
export let descriptionLength: usize = 0;

/** Makes a code of COUNTS and its description. Answers whether it can be described. */
export function buildCode(): bool {
  const symbols = sortSymbols();
  countLengths(symbols);
  let bits: i32 = MOST_BITS;
  while (u32At(LENGTHS, bits) == 0) bits--;
  memory.fill(WEIGHTS, 0, 256);
  let rank: usize = 0;
  for (let length = bits; length > 0; length--) {
    for (let times = u32At(LENGTHS, length); times > 0; times--) {
      store<u8>(WEIGHTS + u16At(ORDER, rank++), bits + 1 - length);
    }
  }
  // The longest codes come first, codes of a length by their symbols.
  let place: u32 = 0;
  for (let weight: i32 = 1; weight <= bits; weight++) {
    store<u32>(PLACES + (<usize>weight << 2), place);
    place += u32At(LENGTHS, bits + 1 - weight) << (weight - 1);
  }
  let last: usize = 0;
  for (let symbol: usize = 0; symbol < 256; symbol++) {
    const weight = <usize>load<u8>(WEIGHTS + symbol);
    let code: u32 = 0;
    if (weight > 0) {
      last = symbol;
      const from = u32At(PLACES, weight);
      code = (from >> <u32>(weight - 1)) | ((<u32>bits + 1 - <u32>weight) << 16);
      store<u32>(PLACES + (weight << 2), from + (1 << <u32>(weight - 1)));
    }
    store<u32>(HUFFMAN + (symbol << 2), code);
  }
  return describe(last);
}

/** Describes the weights of the symbols before the last one, whose weight follows from theirs. */
function describe(count: usize): bool {
  const packed = (count + 1) >> 1;
  const end = writeWeights(DESCRIPTION + 1, count);
  const length = end - DESCRIPTION - 1;
  if (end != 0 && length < 128 && (count > 128 || length < packed)) {
    store<u8>(DESCRIPTION, length);
    descriptionLength = length + 1;
    return true;
  }
  if (count > 128) return false;
  store<u8>(DESCRIPTION, 127 + count);
  // A weight of 0 is behind the last one.
  store<u8>(WEIGHTS + count, 0);
  for (let at: usize = 0; at < packed; at++) {
    store<u8>(DESCRIPTION + 1 + at, (load<u8>(WEIGHTS + (at << 1)) << 4) | load<u8>(WEIGHTS + (at << 1) + 1));
  }
  descriptionLength = packed + 1;
  return true;
}

/** Writes weights by FSE: two states take turns. Answers the end, or 0 where that cannot be. */
function writeWeights(at: usize, count: usize): usize {
  memory.fill(FREQUENCIES, 0, 64);
  for (let index: usize = 0; index < count; index++) {
    const place = FREQUENCIES + (<usize>load<u8>(WEIGHTS + index) << 2);
    store<u32>(place, load<u32>(place) + 1);
  }
  let distinct: u32 = 0;
  let symbols: i32 = 0;
  for (let weight: i32 = 0; weight <= MOST_BITS; weight++) {
    if (u32At(FREQUENCIES, weight) == 0) continue;
    distinct++;
    symbols = weight + 1;
  }
  if (distinct < 2) return 0;
  const bits = tableBits(<u32>count, distinct, 6);
  normalize(FREQUENCIES, <u32>count, symbols, bits);
  const begin = writeTable(at, symbols, bits);
  buildTable(WEIGHT_TABLE, symbols, bits);
  beginBits(begin);
  let mine = firstState(WEIGHT_TABLE, load<u8>(WEIGHTS + count - 1));
  let other = firstState(WEIGHT_TABLE, load<u8>(WEIGHTS + count - 2));
  for (let index = count - 2; index > 0; ) {
    index--;
    const state = stateBefore(WEIGHT_TABLE, load<u8>(WEIGHTS + index), mine);
    mine = other;
    other = state;
    flushBits();
  }
  // What is read first is that of the first weight.
  const mask: u32 = (1 << bits) - 1;
  addBits(mine & mask, bits);
  addBits(other & mask, bits);
  return markEnd();
}

/** Writes literals as one stream, the last one first; answers the end. */
export function writeStream(at: usize, from: usize, to: usize): usize {
  beginBits(at);
  while (to - from >= 4) {
    to -= 4;
    const word = load<u32>(to);
    const code4 = u32At(HUFFMAN, word >> 24);
    const code3 = u32At(HUFFMAN, (word >> 16) & 255);
    const code2 = u32At(HUFFMAN, (word >> 8) & 255);
    const code1 = u32At(HUFFMAN, word & 255);
    addBits(code4 & 0xffff, code4 >> 16);
    addBits(code3 & 0xffff, code3 >> 16);
    addBits(code2 & 0xffff, code2 >> 16);
    addBits(code1 & 0xffff, code1 >> 16);
    flushBits();
  }
  while (to > from) {
    const code = u32At(HUFFMAN, load<u8>(--to));
    addBits(code & 0xffff, code >> 16);
    flushBits();
  }
  return markEnd();
}
