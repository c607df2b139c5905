// FSE tables (RFC 8878, section 4.1). An entry is eight bytes: what the symbol stands for (32 bits), how many extra bits
// are to be added to it (8), how many bits the next state takes (8), and what these are added to (16).

import { lowBits } from './zstd-bits';
import { NEXT, PROBABILITIES, SYMBOLS } from './zstd-layout';

export const enum Kind {
  Literals,
  Offsets,
  Matches,
  Weights,
}

// RFC 8878, section 3.1.1.3.2.1.1: from which code on there are extra bits, the values and the bits.
const LITERAL_BASES: usize = memory.data<u32>([16, 18, 20, 22, 24, 28, 32, 40, 48, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536]);
const LITERAL_EXTRA: usize = memory.data<u8>([1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
const MATCH_BASES: usize = memory.data<u32>([35, 37, 39, 41, 43, 47, 51, 59, 67, 83, 99, 131, 259, 515, 1027, 2051, 4099, 8195, 16387, 32771, 65539]);
const MATCH_EXTRA: usize = memory.data<u8>([1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);

// The distributions that need not be written (section 3.1.1.3.2.2).
const LITERAL_DEFAULTS: usize = memory.data<i16>([4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1]);
const OFFSET_DEFAULTS: usize = memory.data<i16>([1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1]);
const MATCH_DEFAULTS: usize = memory.data<i16>([1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1]);

/** The highest symbol of a kind. */
export function lastSymbol(kind: Kind): i32 {
  return kind == Kind.Literals ? 35 : kind == Kind.Offsets ? 31 : kind == Kind.Matches ? 52 : 255;
}

/** The most bits that a table of a kind may have. */
function mostBits(kind: Kind): i32 {
  return kind == Kind.Offsets ? 8 : kind == Kind.Weights ? 6 : 9;
}

/** What a symbol stands for, and its extra bits from bit 32 on. */
export function meaningOf(kind: Kind, symbol: i32): u64 {
  switch (kind) {
    case Kind.Literals: {
      if (symbol < 16) return symbol;
      const index = <usize>symbol - 16;
      return (<u64>load<u8>(LITERAL_EXTRA + index) << 32) | <u64>load<u32>(LITERAL_BASES + (index << 2));
    }
    case Kind.Matches: {
      if (symbol < 32) return symbol + 3;
      const index = <usize>symbol - 32;
      return (<u64>load<u8>(MATCH_EXTRA + index) << 32) | <u64>load<u32>(MATCH_BASES + (index << 2));
    }
    case Kind.Offsets:
      return (<u64>symbol << 32) | (<u64>1 << symbol);
    default:
      return symbol;
  }
}

/** Puts a distribution that need not be written to an address; answers how many symbols it has. */
export function defaultProbabilities(to: usize, kind: Kind): i32 {
  const from = kind == Kind.Literals ? LITERAL_DEFAULTS : kind == Kind.Offsets ? OFFSET_DEFAULTS : MATCH_DEFAULTS;
  const symbols = kind == Kind.Literals ? 36 : kind == Kind.Offsets ? 29 : 53;
  memory.copy(to, from, symbols << 1);
  return symbols;
}

/** Makes the table of a distribution that need not be written; answers its bits. */
export function defaultTable(table: usize, kind: Kind): i32 {
  const symbols = defaultProbabilities(PROBABILITIES, kind);
  const bits = kind == Kind.Offsets ? 5 : 6;
  build(table, bits, symbols, kind);
  return bits;
}

/** Where the description that `readTable` was given has its end. */
export let tableEnd: usize = 0;

/** Reads the description of a table and makes it; answers its bits, or -1 where it is none. */
export function readTable(at: usize, end: usize, table: usize, kind: Kind): i32 {
  if (at >= end) return -1;
  const bits = <i32>(load<u8>(at) & 15) + 5;
  if (bits > mostBits(kind)) return -1;
  const most = lastSymbol(kind) + 1;
  let position: usize = 4;
  let left = 1 << bits;
  let symbols = 0;
  while (left > 0) {
    if (symbols >= most || at + (position >> 3) >= end) return -1;
    // A value up to `left` + 1 takes one bit less where it is small.
    const width = 32 - clz(left + 1);
    const word = load<u32>(at + (position >> 3)) >> <u32>(position & 7);
    const low = word & ((1 << (width - 1)) - 1);
    const small = (1 << width) - 2 - left;
    let value: i32;
    if (<i32>low < small) {
      value = <i32>low;
      position += width - 1;
    } else {
      value = <i32>word & ((1 << width) - 1);
      if (value >= 1 << (width - 1)) value -= small;
      position += width;
    }
    const probability = value - 1;
    left -= probability < 0 ? 1 : probability;
    store<i16>(PROBABILITIES + (<usize>symbols << 1), probability);
    symbols++;
    if (probability != 0) continue;
    let zeros: u32;
    do {
      if (at + (position >> 3) >= end) return -1;
      zeros = (load<u16>(at + (position >> 3)) >> <u32>(position & 7)) & 3;
      position += 2;
      if (symbols + <i32>zeros > most) return -1;
      memory.fill(PROBABILITIES + (<usize>symbols << 1), 0, zeros << 1);
      symbols += zeros;
    } while (zeros == 3);
  }
  tableEnd = at + ((position + 7) >> 3);
  if (tableEnd > end) return -1;
  build(table, bits, symbols, kind);
  return bits;
}

/** Makes the decoding table of the distribution in PROBABILITIES (section 4.1.1). */
function build(table: usize, bits: i32, symbols: i32, kind: Kind): void {
  const size = 1 << bits;
  let high = size;
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    const probability = load<i16>(PROBABILITIES + (<usize>symbol << 1));
    if (probability < 0) store<u8>(SYMBOLS + --high, symbol);
    store<u16>(NEXT + (<usize>symbol << 1), probability < 0 ? 1 : probability);
  }
  const step = (size >> 1) + (size >> 3) + 3;
  let at = 0;
  for (let symbol: i32 = 0; symbol < symbols; symbol++) {
    for (let times = load<i16>(PROBABILITIES + (<usize>symbol << 1)); times > 0; times--) {
      store<u8>(SYMBOLS + at, symbol);
      do at = (at + step) & (size - 1);
      while (at >= high);
    }
  }
  for (let state = 0; state < size; state++) {
    const symbol = <usize>load<u8>(SYMBOLS + state);
    const next = <u32>load<u16>(NEXT + (symbol << 1));
    store<u16>(NEXT + (symbol << 1), next + 1);
    const width = bits - (31 - clz(next));
    const base = <u64>((next << width) - size);
    store<u64>(table + (<usize>state << 3), meaningOf(kind, <i32>symbol) | (<u64>width << 40) | (base << 48));
  }
}

/** The state that follows one, of bits whose lowest are to be taken. */
@inline
export function nextState(entry: u64, bits: u64): usize {
  return <usize>(entry >> 48) + lowBits(bits, (entry >> 40) & 63);
}
