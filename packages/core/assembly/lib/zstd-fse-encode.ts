// FSE tables for writing (RFC 8878, section 4.1). A state of a table of n states is written as n to 2n-1. The entry of a
// symbol says how its states are come to: with p states, a state x becomes number (x >> w) - p of them and x gives off
// its w lowest bits, w being one less where x is below a bound. Bits 0-15 are that bound, 16-31 w, 32-63 the address
// of state 0 of the symbol, less 2p.

import { addBits, beginBits, endBits, flushBits } from './zstd-bit-writer';
import { PLACES, PROBABILITIES, SYMBOLS, TABLE_STATES } from './zstd-encode-layout';

@inline
function log2(value: u32): i32 {
  return 31 - clz(value);
}

/** How many bits a table gets for so many symbols, of which `distinct` differ. */
export function tableBits(total: u32, distinct: u32, most: i32): i32 {
  return min(most, max(max(log2(total) - 2, log2(distinct) + 2), 5));
}

/** Makes PROBABILITIES of counts, four bytes each: each symbol that is there gets a state at least. Two symbols at least are there. */
export function normalize(counts: usize, total: u32, symbols: i32, bits: i32): void {
  const size: i32 = 1 << bits;
  let left = size;
  for (let symbol: usize = 0; symbol < <usize>symbols; symbol++) {
    const count = <u64>load<u32>(counts + (symbol << 2));
    const share = <i32>(((count << (bits + 1)) / total + 1) >> 1);
    const probability = count == 0 ? 0 : max(share, 1);
    store<i16>(PROBABILITIES + (symbol << 1), probability);
    left -= probability;
  }
  // What is left over or missing, the most frequent symbols get or give.
  while (left != 0) {
    let largest = PROBABILITIES;
    for (let at = PROBABILITIES + 2; at < PROBABILITIES + (<usize>symbols << 1); at += 2) {
      if (load<i16>(at) > load<i16>(largest)) largest = at;
    }
    const change = left > 0 ? left : -1;
    store<i16>(largest, load<i16>(largest) + change);
    left -= change;
  }
}

/** Writes the description of PROBABILITIES; answers its end. */
export function writeTable(at: usize, symbols: i32, bits: i32): usize {
  beginBits(at);
  addBits(bits - 5, 4);
  let left: i32 = 1 << bits;
  for (let symbol: i32 = 0; left > 0; ) {
    const probability = <i32>load<i16>(PROBABILITIES + (<usize>symbol << 1));
    symbol++;
    const width = 32 - clz(left + 1);
    const small = (1 << width) - 2 - left;
    const value = probability + 1;
    if (value < small) addBits(value, width - 1);
    else addBits(value < 1 << (width - 1) ? value : value + small, width);
    left -= probability;
    flushBits();
    if (probability != 0) continue;
    let zeros: u32 = 0;
    while (symbol < symbols && load<i16>(PROBABILITIES + (<usize>symbol << 1)) == 0) {
      zeros++;
      symbol++;
    }
    for (; zeros >= 3; zeros -= 3) {
      addBits(3, 2);
      flushBits();
    }
    addBits(zeros, 2);
    flushBits();
  }
  return endBits();
}

/** Makes the table of PROBABILITIES. */
export function buildTable(table: usize, symbols: i32, bits: i32): void {
  const size: i32 = 1 << bits;
  const states = table + TABLE_STATES;
  let high = size;
  let first: i32 = 0;
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    const probability = <i32>load<i16>(PROBABILITIES + (<usize>symbol << 1));
    if (probability == 0) continue;
    if (probability < 0) store<u8>(SYMBOLS + --high, symbol);
    const count: i32 = probability < 0 ? 1 : probability;
    const width = bits - log2(count);
    store<u16>(PLACES + (<usize>symbol << 1), first);
    store<u64>(
      table + (<usize>symbol << 3),
      (<u64>(states + (<usize>(first - count) << 1)) << 32) | (<u64>width << 16) | <u64>(count << width),
    );
    first += count;
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at: i32 = 0;
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    for (let times = <i32>load<i16>(PROBABILITIES + (<usize>symbol << 1)); times > 0; times--) {
      store<u8>(SYMBOLS + at, symbol);
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  for (let state: i32 = 0; state < size; state++) {
    const place = PLACES + (<usize>load<u8>(SYMBOLS + state) << 1);
    const next = load<u16>(place);
    store<u16>(place, next + 1);
    store<u16>(states + (<usize>next << 1), size + state);
  }
}

/** A state to begin with, which stands for a symbol. Of those it is the one that gives off the most bits. */
export function firstState(table: usize, symbol: usize): u32 {
  const entry = load<u64>(table + (symbol << 3));
  const width = (entry >> 16) & 0xffff;
  const count = <usize>((entry & 0xffff) >> width);
  return load<u16>(<usize>(entry >> 32) + (count << 1));
}

/** The state that stands for a symbol and is followed by `state`; gives off bits. */
@inline
export function stateBefore(table: usize, symbol: usize, state: u32): u32 {
  const entry = load<u64>(table + (symbol << 3));
  const width = ((<u32>entry >> 16) & 0xffff) - <u32>(state < (<u32>entry & 0xffff));
  addBits(<u64>(state & ((1 << width) - 1)), width);
  return load<u16>(<usize>(entry >> 32) + (<usize>(state >> width) << 1));
}
