// Decoding tables of deflate's codes (RFC 1951, section 3.2).

import { COUNTS, END_OF_BLOCK, INVALID, LITERAL, ORDERED, SPECIAL, STARTS, SUBTABLE } from './inflate-layout';

export const enum Kind {
  CodeLengths,
  Literals,
  Distances,
}

/** What a symbol with a code of `length` bits, those of a subtable alone, is in a table. */
function entryOf(kind: Kind, symbol: i32, length: i32): i32 {
  if (kind == Kind.CodeLengths) return (symbol << 16) | length;
  let base: i32;
  let extra = 0;
  if (kind == Kind.Literals) {
    if (symbol < 256) return LITERAL | (symbol << 8) | length;
    if (symbol == 256) return END_OF_BLOCK | length;
    if (symbol > 285) return INVALID | length;
    symbol -= 257;
    if (symbol == 28) base = 258;
    else if (symbol < 8) base = symbol + 3;
    else {
      extra = (symbol >> 2) - 1;
      base = ((4 | (symbol & 3)) << extra) + 3;
    }
  } else {
    if (symbol > 29) return INVALID | length;
    if (symbol < 4) base = symbol + 1;
    else {
      extra = (symbol >> 1) - 1;
      base = ((2 | (symbol & 1)) << extra) + 1;
    }
  }
  return (base << 16) | ((length + 2) << 8) | (length + extra);
}

/**
 * Builds the decoding table of the code whose lengths are given (RFC 1951, section 3.2.2). Answers whether it is one:
 * too many codes never are, and too few only where there is no code at all, or, but for code lengths, a single one of
 * one bit.
 */
export function buildTable(lengths: usize, symbols: i32, table: usize, width: i32, kind: Kind): bool {
  memory.fill(COUNTS, 0, 32);
  for (let symbol = 0; symbol < symbols; symbol++) {
    const at = COUNTS + (<usize>load<u8>(lengths + symbol) << 1);
    store<u16>(at, load<u16>(at) + 1);
  }
  let longest = 15;
  while (longest > 0 && load<u16>(COUNTS + (<usize>longest << 1)) == 0) longest--;
  let room = 1;
  let start = 0;
  for (let length: usize = 1; length <= 15; length++) {
    const codes = <i32>load<u16>(COUNTS + (length << 1));
    room = (room << 1) - codes;
    if (room < 0) return false;
    store<u16>(STARTS + (length << 1), start);
    start += codes;
  }
  if (room > 0 && longest > 0 && (kind == Kind.CodeLengths || longest > 1)) return false;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const length = <usize>load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = STARTS + (length << 1);
    const rank = <usize>load<u16>(at);
    store<u16>(at, rank + 1);
    store<u16>(ORDERED + (rank << 1), symbol);
  }

  // What stays of this is what no code stands for. zlib takes an empty code of code lengths for one of all zeros.
  const none = kind == Kind.CodeLengths ? 1 : INVALID | 1;
  store<i32>(table, none);
  store<i32>(table, none, 4);
  // Codes come in order of length; the table grows to 2 ** length entries by doubling, so each code is written once.
  let next = ORDERED;
  /** The next code, its first bit lowest. */
  let code: u32 = 0;
  let size: u32 = 2;
  for (let length = 1; length <= width; length++) {
    for (let codes = load<u16>(COUNTS + (<usize>length << 1)); codes > 0; codes--) {
      store<i32>(table + (code << 2), entryOf(kind, load<u16>(next), length));
      next += 2;
      code = increment(code, size - 1);
    }
    if (length < width) {
      memory.copy(table + (size << 2), table, size << 2);
      size <<= 1;
    }
  }
  // Longer codes are in subtables, one for each of their beginnings and all equally wide.
  const subWidth = longest - width;
  let subtable: u32 = size - (1 << max(subWidth, 0));
  let prefix: u32 = 0xffffffff;
  for (let length = width + 1; length <= longest; length++) {
    const step = 1 << (length - width);
    for (let codes = load<u16>(COUNTS + (<usize>length << 1)); codes > 0; codes--) {
      if ((code & (size - 1)) != prefix) {
        prefix = code & (size - 1);
        subtable += 1 << subWidth;
        store<i32>(table + (prefix << 2), (subtable << 18) | ((subWidth + 2) << 8) | SUBTABLE | SPECIAL | width);
      }
      const entry = entryOf(kind, load<u16>(next), length - width);
      for (let at: u32 = code >> width; at < <u32>(1 << subWidth); at += step) {
        store<i32>(table + ((subtable + at) << 2), entry);
      }
      next += 2;
      code = increment(code, (1 << length) - 1);
    }
  }
  return true;
}

/** The code after this one, both with their first bit lowest; `ones` is the last code of that length. */
function increment(code: u32, ones: u32): u32 {
  if (code == ones) return 0;
  const bit: u32 = 0x80000000 >> clz(code ^ ones);
  return (code & (bit - 1)) | bit;
}
