// The sequences of a block for writing (RFC 8878, section 3.1.1.3.2).

import { addBits, beginBits, flushBits, markEnd } from './zstd-bit-writer';
import {
  COUNTS,
  LITERAL_CODES,
  LITERAL_TABLE,
  MATCH_CODES,
  MATCH_TABLE,
  OFFSET_TABLE,
  PROBABILITIES,
  SEQUENCES,
} from './zstd-encode-layout';
import { buildTable, firstState, normalize, stateBefore, tableBits, writeTable } from './zstd-fse-encode';
import { defaultProbabilities, Kind, meaningOf } from './zstd-fse';

/** With fewer sequences a table of their own is longer than what it saves. */
const LEAST_FOR_TABLE: usize = 64;
const MODE_DEFAULT: u32 = 0;
const MODE_ONE: u32 = 1;
const MODE_TABLE: u32 = 2;

// Counts of the codes of each kind.
const LITERAL_COUNTS: usize = COUNTS;
const OFFSET_COUNTS: usize = COUNTS + 0x100;
const MATCH_COUNTS: usize = COUNTS + 0x200;

/** Fills the tables of codes of short lengths. */
export function prepareCodes(): void {
  for (let code: i32 = 0, length: usize = 0; length < 64; length++) {
    if (<usize>(<u32>meaningOf(Kind.Literals, code + 1)) <= length) code++;
    store<u8>(LITERAL_CODES + length, code);
  }
  for (let code: i32 = 0, length: usize = 0; length < 128; length++) {
    if (<usize>(<u32>meaningOf(Kind.Matches, code + 1)) - 3 <= length) code++;
    store<u8>(MATCH_CODES + length, code);
  }
}

@inline
function literalCode(length: u32): usize {
  return length < 64 ? <usize>load<u8>(LITERAL_CODES + length) : 50 - <usize>clz(length);
}

@inline
function matchCode(length: u32): usize {
  return length < 128 ? <usize>load<u8>(MATCH_CODES + length) : 67 - <usize>clz(length);
}

@inline
function offsetCode(offset: u32): usize {
  return 31 - <usize>clz(offset);
}

@inline
function offsetOf(sequence: u64): u32 {
  return <u32>sequence & 0xffffff;
}

@inline
function literalsOf(sequence: u64): u32 {
  return <u32>(sequence >> 24) & 0xfffff;
}

@inline
function matchOf(sequence: u64): u32 {
  return <u32>(sequence >> 44);
}

@inline
function count(place: usize): void {
  store<u32>(place, load<u32>(place) + 1);
}

/** Where `table` has written to, the bits of what it made, and which mode that is. */
let at: usize = 0;
let bits: i32 = 0;
let mode: u32 = 0;

/** Decides on the table of a kind, writes what a reader needs for it, and makes it. */
function chooseTable(kind: Kind, counts: usize, total: usize, table: usize): void {
  let distinct: u32 = 0;
  let last: i32 = 0;
  for (let symbol: i32 = 0; symbol < 64; symbol++) {
    if (load<u32>(counts + (<usize>symbol << 2)) == 0) continue;
    distinct++;
    last = symbol;
  }
  if (distinct == 1) {
    mode = MODE_ONE;
    bits = 0;
    store<u8>(at++, last);
    memory.fill(PROBABILITIES, 0, 128);
    store<i16>(PROBABILITIES + (<usize>last << 1), 1);
    buildTable(table, last + 1, 0);
    return;
  }
  if (total < LEAST_FOR_TABLE) {
    mode = MODE_DEFAULT;
    const symbols = defaultProbabilities(PROBABILITIES, kind);
    bits = kind == Kind.Offsets ? 5 : 6;
    buildTable(table, symbols, bits);
    return;
  }
  mode = MODE_TABLE;
  bits = tableBits(<u32>total, distinct, kind == Kind.Offsets ? 8 : 9);
  normalize(counts, <u32>total, last + 1, bits);
  at = writeTable(at, last + 1, bits);
  buildTable(table, last + 1, bits);
}

/** Writes the sequences up to an end; answers the end of what is written. */
export function writeSequences(to: usize, sequencesEnd: usize): usize {
  const total = (sequencesEnd - SEQUENCES) >> 3;
  at = to;
  if (total < 128) store<u8>(at++, total);
  else if (total < 0x7f00) {
    store<u8>(at, (total >> 8) + 128);
    store<u8>(at, total, 1);
    at += 2;
  } else {
    store<u8>(at, 255);
    store<u16>(at + 1, total - 0x7f00);
    at += 3;
  }
  if (total == 0) return at;
  memory.fill(COUNTS, 0, 0x300);
  for (let from = SEQUENCES; from < sequencesEnd; from += 8) {
    const sequence = load<u64>(from);
    count(LITERAL_COUNTS + (literalCode(literalsOf(sequence)) << 2));
    count(OFFSET_COUNTS + (offsetCode(offsetOf(sequence)) << 2));
    count(MATCH_COUNTS + (matchCode(matchOf(sequence)) << 2));
  }
  const modes = at++;
  chooseTable(Kind.Literals, LITERAL_COUNTS, total, LITERAL_TABLE);
  const literalBits = bits;
  let chosen = mode << 6;
  chooseTable(Kind.Offsets, OFFSET_COUNTS, total, OFFSET_TABLE);
  const offsetBits = bits;
  chosen |= mode << 4;
  chooseTable(Kind.Matches, MATCH_COUNTS, total, MATCH_TABLE);
  store<u8>(modes, chosen | (mode << 2));
  return writeStream(sequencesEnd, literalBits, offsetBits, bits);
}

/** Writes sequences as a reader goes through them, the last one first. */
function writeStream(sequencesEnd: usize, literalBits: i32, offsetBits: i32, matchBits: i32): usize {
  beginBits(at);
  let from = sequencesEnd - 8;
  let sequence = load<u64>(from);
  let literals = literalCode(literalsOf(sequence));
  let offset = offsetCode(offsetOf(sequence));
  let match = matchCode(matchOf(sequence));
  let literalState = firstState(LITERAL_TABLE, literals);
  let offsetState = firstState(OFFSET_TABLE, offset);
  let matchState = firstState(MATCH_TABLE, match);
  addExtra(sequence, literals, offset, match);
  while (from > SEQUENCES) {
    from -= 8;
    sequence = load<u64>(from);
    literals = literalCode(literalsOf(sequence));
    offset = offsetCode(offsetOf(sequence));
    match = matchCode(matchOf(sequence));
    offsetState = stateBefore(OFFSET_TABLE, offset, offsetState);
    matchState = stateBefore(MATCH_TABLE, match, matchState);
    literalState = stateBefore(LITERAL_TABLE, literals, literalState);
    flushBits();
    addExtra(sequence, literals, offset, match);
  }
  addBits(matchState & ((1 << matchBits) - 1), matchBits);
  addBits(offsetState & ((1 << offsetBits) - 1), offsetBits);
  addBits(literalState & ((1 << literalBits) - 1), literalBits);
  return markEnd();
}

@inline
function addExtra(sequence: u64, literals: usize, offset: usize, match: usize): void {
  if (literals >= 16) addAbove(literalsOf(sequence), meaningOf(Kind.Literals, <i32>literals));
  if (match >= 32) addAbove(matchOf(sequence) + 3, meaningOf(Kind.Matches, <i32>match));
  flushBits();
  addBits(offsetOf(sequence) & ((1 << <u32>offset) - 1), offset);
  flushBits();
}

/** Adds what a length is above the least one of its code. */
function addAbove(length: u32, meaning: u64): void {
  addBits(length - <u32>meaning, meaning >> 32);
}
