// Raw deflate (RFC 1951), resumable at any byte of its input. The memory is laid out by hand:
//
//   tables | input, one slice at a time | 32 KiB of window, output, room to run over
//
// Output follows its window without a gap, so that a match is one plain copy and the caller gets views of this memory.
// Once the output is full, `slide` moves its last 32 KiB to the front.

export { crc32 } from './lib/crc32';

// Memory, in bytes. The tables of the CRC come before (lib/crc32).
const LENGTHS: usize = 0x2800; // code lengths of one block, one byte each
const ORDERED: usize = 0x2980; // symbols by code length, two bytes each
const COUNTS: usize = 0x2bc0; // symbols of each code length, two bytes each
const STARTS: usize = 0x2be0; // where each length begins in ORDERED, two bytes each
const USED: usize = 0x4000; // for each byte of the window at a checkpoint, whether later data took it
const LITERALS: usize = 0xc000; // decoding tables, four bytes an entry; see buildTable for their size
const DISTANCES: usize = 0x11000;
/** Where the caller puts up to 64 KiB of input. */
export const INPUT: usize = 0x13000;
const WINDOW_SIZE: usize = 0x8000;
const OUTPUT: usize = 0x23800 + WINDOW_SIZE;
/** Once the output reaches this far it is full. What one symbol writes beyond, 300 bytes at most, still fits. */
const FULL: usize = 0x6f000;
const PAGES: i32 = 7;

// An entry of a decoding table. Its low six bits are how many bits of input it uses up: WebAssembly takes shift counts
// modulo 64, so an entry is a shift count as it stands.
//   a literal  bit 31 set; bits 8-15: the byte
//   a length or distance  bits 8-13: the bits of its code alone, and two; from bit 16 on: the base that extra bits add to
//   anything else  bit 6 set; with bit 7 a subtable: bits 8-13: its width in bits, and two; from bit 16 on: its offset
// The two more are there because the bits are held two places up, where they are offsets into a table as they stand.
const LITERAL: i32 = -0x80000000;
const SPECIAL: i32 = 0x40;
const SUBTABLE: i32 = 0x80;
const END_OF_BLOCK: i32 = 0x10000 | SPECIAL;
const INVALID: i32 = 0x20000 | SPECIAL;
// Measured: wider tables cost more to build than they save, and two literals in one entry hardly ever fit.
const LITERAL_BITS: i32 = 11;
const LITERAL_MASK: u32 = ((1 << LITERAL_BITS) - 1) << 2;
const DISTANCE_BITS: i32 = 9;
const DISTANCE_MASK: u32 = ((1 << DISTANCE_BITS) - 1) << 2;
const CODE_LENGTH_BITS: i32 = 7;

// What `decode` and `resume` answer. src/inflate-engine.ts has the same numbers.
const GO_ON: i32 = -1; // within this file only
const NEEDS_INPUT: i32 = 0;
const OUTPUT_FULL: i32 = 1;
const AT_BLOCK: i32 = 2;
const DONE: i32 = 3;
const ERROR_BLOCK_TYPE: i32 = 16;
const ERROR_STORED_LENGTHS: i32 = 17;
const ERROR_TOO_MANY_SYMBOLS: i32 = 18;
const ERROR_CODE_LENGTHS: i32 = 19;
const ERROR_REPEAT: i32 = 20;
const ERROR_NO_END: i32 = 21;
const ERROR_LITERALS: i32 = 22;
const ERROR_DISTANCES: i32 = 23;
const ERROR_LITERAL: i32 = 24;
const ERROR_DISTANCE: i32 = 25;
const ERROR_TOO_FAR: i32 = 26;

// Where in the stream decoding stands. A step is taken as a whole once all of its bits are there, or not at all.
const HEADER: i32 = 0; // of a block
const STORED_HEADER: i32 = 1;
const STORED: i32 = 2;
const DYNAMIC_HEADER: i32 = 3;
const CODE_LENGTH_CODE: i32 = 4;
const CODE_LENGTHS: i32 = 5;
const SYMBOLS: i32 = 6;
const FINISHED: i32 = 7;
/** Between two blocks where the caller was told so already. */
const HEADER_TOLD: i32 = 8;

let mode: i32 = HEADER;
/** Bits that were read and not used yet, the next one lowest, and how many. */
let bits: u64 = 0;
let count: u64 = 0;
let input: usize = INPUT;
let inputEnd: usize = INPUT;
let output: usize = OUTPUT;
/** The first byte that a distance may reach. */
let windowStart: usize = OUTPUT;
let lastBlock: bool = false;
/** Bytes to come of a stored block. */
let stored: u32 = 0;
let literalCount: i32 = 0;
let distanceCount: i32 = 0;
let codeLengthCount: i32 = 0;
/** Code lengths read so far of a dynamic block. */
let lengthsRead: i32 = 0;
/** Whether the tables are those of the fixed codes. */
let fixedTables: bool = false;
/** Where the output stood at the checkpoint whose window is being watched; it slides with the output. */
let watched: i32 = 0;
let watching: bool = false;
/** The match that the fast loop was left for. */
let farLength: usize = 0;
let farDistance: usize = 0;

memory.grow(PAGES - memory.size());

/** Where the output has come to, as an address. */
export function position(): usize {
  return output;
}

/** Bits of the last input that were not used. */
export function unusedBits(): i32 {
  return (<i32>(inputEnd - input) << 3) + <i32>count;
}

/**
 * Begins a stream. The caller has put `windowLength` bytes of window before the address that is answered, and skips
 * the first `skip` bits of the first byte, which it gives too.
 */
export function begin(windowLength: i32, skip: i32, firstByte: i32): void {
  mode = HEADER;
  bits = skip > 0 ? <u64>firstByte >> skip : 0;
  count = skip > 0 ? 8 - skip : 0;
  input = inputEnd = INPUT;
  output = OUTPUT;
  windowStart = OUTPUT - windowLength;
  lastBlock = false;
  watching = false;
}

/** Makes room for output: keeps the window and forgets the rest. */
export function slide(): void {
  const keep = windowLength();
  memory.copy(OUTPUT - keep, output - keep, keep);
  watched -= <i32>(output - OUTPUT);
  output = OUTPUT;
  windowStart = OUTPUT - keep;
}

/** How many bytes before the output a distance may reach, 32 KiB at most. */
export function windowLength(): usize {
  return min(output - windowStart, WINDOW_SIZE);
}

/** From here on, notes which bytes of the window are taken; answers where the notes are, a byte each. */
export function watch(): usize {
  memory.fill(USED, 0, WINDOW_SIZE);
  watched = <i32>output;
  watching = true;
  return USED;
}

/** Decodes `length` bytes at INPUT. */
export function decode(length: i32, stopAt: usize): i32 {
  input = INPUT;
  inputEnd = INPUT + length;
  return resume(stopAt);
}

/** Goes on with the input at hand. Stops between two blocks once the output has reached the address `stopAt`. */
export function resume(stopAt: usize): i32 {
  let status = GO_ON;
  while (status == GO_ON) {
    if (output >= FULL) return OUTPUT_FULL;
    if (mode == HEADER && output >= stopAt) {
      mode = HEADER_TOLD;
      return AT_BLOCK;
    }
    status = step();
  }
  return status;
}

function step(): i32 {
  switch (mode) {
    case HEADER:
    case HEADER_TOLD:
      return blockHeader();
    case STORED_HEADER:
      return storedHeader();
    case STORED:
      return storedBytes();
    case DYNAMIC_HEADER:
      return dynamicHeader();
    case CODE_LENGTH_CODE:
      return codeLengthCode();
    case CODE_LENGTHS:
      return codeLengths();
    case SYMBOLS:
      if (watching && <i32>output - watched >= <i32>WINDOW_SIZE) watching = false;
      if (inputEnd - input < 32) return careful();
      const status = fast();
      return status == ERROR_TOO_FAR ? farMatch() : status;
    default:
      return DONE;
  }
}

/** Reads bytes until `need` bits are there. Answers whether they are. */
function pull(need: u64): bool {
  while (count < need) {
    if (input == inputEnd) return false;
    bits |= <u64>load<u8>(input++) << count;
    count += 8;
  }
  return true;
}

// @ts-ignore: decorator
@inline
function take(width: u64): u32 {
  const value = <u32>(bits & ((1 << width) - 1));
  bits >>= width;
  count -= width;
  return value;
}

function endBlock(): void {
  mode = lastBlock ? FINISHED : HEADER;
}

function blockHeader(): i32 {
  if (!pull(3)) return NEEDS_INPUT;
  lastBlock = <bool>take(1);
  switch (take(2)) {
    case 0:
      take(count & 7);
      mode = STORED_HEADER;
      return GO_ON;
    case 1:
      if (!fixedTables) {
        memory.fill(LENGTHS, 8, 144);
        memory.fill(LENGTHS + 144, 9, 112);
        memory.fill(LENGTHS + 256, 7, 24);
        memory.fill(LENGTHS + 280, 8, 8);
        buildTable(LENGTHS, 288, LITERALS, LITERAL_BITS, Kind.Literals);
        memory.fill(LENGTHS, 5, 32);
        buildTable(LENGTHS, 32, DISTANCES, DISTANCE_BITS, Kind.Distances);
        fixedTables = true;
      }
      mode = SYMBOLS;
      return GO_ON;
    case 2:
      mode = DYNAMIC_HEADER;
      return GO_ON;
    default:
      return ERROR_BLOCK_TYPE;
  }
}

function storedHeader(): i32 {
  if (!pull(32)) return NEEDS_INPUT;
  stored = take(16);
  if (stored != (take(16) ^ 0xffff)) return ERROR_STORED_LENGTHS;
  mode = STORED;
  return GO_ON;
}

function storedBytes(): i32 {
  // Whole bytes may have been read ahead.
  while (count > 0 && stored > 0) {
    store<u8>(output++, take(8));
    stored--;
  }
  // Never beyond FULL by more than the few bytes above.
  const room = output < FULL ? FULL - output : 0;
  const length = min(min(<usize>stored, inputEnd - input), room);
  memory.copy(output, input, length);
  output += length;
  input += length;
  stored -= <u32>length;
  if (stored == 0) endBlock();
  else if (input == inputEnd) return NEEDS_INPUT;
  return GO_ON;
}

function dynamicHeader(): i32 {
  if (!pull(14)) return NEEDS_INPUT;
  literalCount = take(5) + 257;
  distanceCount = take(5) + 1;
  codeLengthCount = take(4) + 4;
  if (literalCount > 286 || distanceCount > 30) return ERROR_TOO_MANY_SYMBOLS;
  memory.fill(LENGTHS, 0, 19);
  lengthsRead = 0;
  mode = CODE_LENGTH_CODE;
  return GO_ON;
}

/** The order in which the lengths of the code length code are written: RFC 1951, section 3.2.7, five bits each. */
const ORDER_LOW: u64 = 16 | (17 << 5) | (18 << 10) | (0 << 15) | (8 << 20) | (7 << 25) | (9 << 30) | (6 << 35) | (10 << 40) | (5 << 45) | (11 << 50) | (4 << 55);
const ORDER_HIGH: u64 = 12 | (3 << 5) | (13 << 10) | (2 << 15) | (14 << 20) | (1 << 25) | (15 << 30);

function codeLengthCode(): i32 {
  while (lengthsRead < codeLengthCount) {
    if (!pull(3)) return NEEDS_INPUT;
    const order = lengthsRead < 12 ? ORDER_LOW >> (lengthsRead * 5) : ORDER_HIGH >> ((lengthsRead - 12) * 5);
    store<u8>(LENGTHS + (<usize>order & 31), take(3));
    lengthsRead++;
  }
  fixedTables = false;
  if (!buildTable(LENGTHS, 19, LITERALS, CODE_LENGTH_BITS, Kind.CodeLengths)) return ERROR_CODE_LENGTHS;
  lengthsRead = 0;
  mode = CODE_LENGTHS;
  return GO_ON;
}

function codeLengths(): i32 {
  const total = literalCount + distanceCount;
  while (lengthsRead < total) {
    // The most that one step takes is 7 bits of code and 7 of repetition.
    pull(14);
    const entry = load<u32>(LITERALS + ((<usize>bits & 127) << 2));
    const width: u64 = entry & 63;
    const symbol = entry >> 16;
    if (symbol < 16) {
      if (count < width) return NEEDS_INPUT;
      take(width);
      store<u8>(LENGTHS + lengthsRead++, symbol);
      continue;
    }
    const extra: u64 = symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
    if (count < width + extra) return NEEDS_INPUT;
    take(width);
    const times = <i32>take(extra) + (symbol == 18 ? 11 : 3);
    if (symbol == 16 && lengthsRead == 0) return ERROR_REPEAT;
    if (lengthsRead + times > total) return ERROR_REPEAT;
    const length = symbol == 16 ? load<u8>(LENGTHS + lengthsRead - 1) : 0;
    memory.fill(LENGTHS + lengthsRead, length, times);
    lengthsRead += times;
  }
  if (load<u8>(LENGTHS + 256) == 0) return ERROR_NO_END;
  if (!buildTable(LENGTHS, literalCount, LITERALS, LITERAL_BITS, Kind.Literals)) return ERROR_LITERALS;
  if (!buildTable(LENGTHS + literalCount, distanceCount, DISTANCES, DISTANCE_BITS, Kind.Distances)) {
    return ERROR_DISTANCES;
  }
  mode = SYMBOLS;
  return GO_ON;
}

const enum Kind {
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
function buildTable(lengths: usize, symbols: i32, table: usize, width: i32, kind: Kind): bool {
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

// @ts-ignore: decorator
@inline
function subtableOffset(entry: u64, hold: u64): u32 {
  return <u32>(entry >> 16) + (<u32>hold & ((1 << <u32>(entry >> 8)) - 4));
}

/** Copies a match, and notes what it takes of a window that is watched. */
function copyNoted(to: usize, distance: usize, length: usize): void {
  const before = watched - <i32>(to - distance);
  if (watching && before > 0) memory.fill(USED + WINDOW_SIZE - before, 1, min(length, <usize>before));
  for (const end = to + length; to < end; to++) store<u8>(to, load<u8>(to - distance));
}

/** Takes the match that the fast loop was left for, unless it reaches too far. */
function farMatch(): i32 {
  if (farDistance > output - windowStart) return ERROR_TOO_FAR;
  copyNoted(output, farDistance, farLength);
  output += farLength;
  return GO_ON;
}

/** Decodes symbols one by one, each only once all of its bits are there. */
function careful(): i32 {
  while (output < FULL) {
    // The longest symbol is a match: 15 + 5 + 15 + 13 bits.
    if (inputEnd - input >= 8) {
      bits |= load<u64>(input) << count;
      input += <usize>((63 - count) >> 3);
      count |= 56;
      bits &= ~(-1 << count);
    } else pull(48);
    let hold = bits << 2;
    let entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
    let used: u64 = 0;
    if (<i32>entry > 0 && (entry & SUBTABLE) != 0) {
      used = LITERAL_BITS;
      hold >>= LITERAL_BITS;
      entry = i64.load32_u(subtableOffset(entry, hold), LITERALS);
    }
    // Bits that are not there yet count as zeros until it shows that they matter.
    used += entry & 63;
    if (count < used) return NEEDS_INPUT;
    if (<i32>entry < 0) {
      store<u8>(output++, <u8>(entry >> 8));
      bits >>= used;
      count -= used;
      continue;
    }
    if ((entry & SPECIAL) != 0) {
      if ((entry & ~63) == INVALID) return ERROR_LITERAL;
      bits >>= used;
      count -= used;
      endBlock();
      return GO_ON;
    }
    const length = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    entry = i64.load32_u(<u32>hold & DISTANCE_MASK, DISTANCES);
    if ((entry & SUBTABLE) != 0) {
      used += DISTANCE_BITS;
      hold >>= DISTANCE_BITS;
      entry = i64.load32_u(subtableOffset(entry, hold), DISTANCES);
    }
    used += entry & 63;
    if (count < used) return NEEDS_INPUT;
    if ((entry & SPECIAL) != 0) return ERROR_DISTANCE;
    const distance = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    if (distance > output - windowStart) return ERROR_TOO_FAR;
    bits >>= used;
    count -= used;
    copyNoted(output, distance, length);
    output += length;
    if (inputEnd - input >= 32) return GO_ON;
  }
  return GO_ON;
}

/**
 * Decodes symbols while there is input to read eight bytes at a time and room for the longest match.
 *
 * Every `refill` leaves 62 bits that may be looked at, of which 54 to 61 count. Four literals of 11 bits, or one match of
 * at most 48, leave enough of them to find the next entry, so that nothing waits for a refill.
 */
function fast(): i32 {
  let hold = bits << 2;
  // Only the low six bits are right.
  let have = count + 2;
  let from = input;
  let to = output;
  // A match that takes of a watched window leaves the loop as one that is too far.
  const low = watching ? max(windowStart, <usize>watched) : windowStart;
  const limit = inputEnd - 16;
  let status = GO_ON;
  hold |= load<u64>(from) << have;
  from += <usize>((~have & 63) >> 3);
  have |= 56;
  let entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
  do {
    if (<i32>entry < 0) {
      store<u8>(to++, <u8>(entry >> 8));
      hold >>= entry;
      have -= entry;
      entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
      if (<i32>entry < 0) {
        store<u8>(to++, <u8>(entry >> 8));
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
        if (<i32>entry < 0) {
          store<u8>(to++, <u8>(entry >> 8));
          hold >>= entry;
          have -= entry;
          entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
          if (<i32>entry < 0) {
            store<u8>(to++, <u8>(entry >> 8));
            hold >>= entry;
            have -= entry;
            entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
            hold |= load<u64>(from) << have;
            from += <usize>((~have & 63) >> 3);
            have |= 56;
            continue;
          }
        }
      }
      hold |= load<u64>(from) << have;
      from += <usize>((~have & 63) >> 3);
      have |= 56;
    }
    if ((entry & SPECIAL) != 0) {
      if ((entry & SUBTABLE) != 0) {
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(subtableOffset(entry, hold), LITERALS);
        if (<i32>entry < 0) {
          store<u8>(to++, <u8>(entry >> 8));
          hold >>= entry;
          have -= entry;
          entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
          hold |= load<u64>(from) << have;
          from += <usize>((~have & 63) >> 3);
          have |= 56;
          continue;
        }
      }
      if ((entry & SPECIAL) != 0) {
        if ((entry & ~63) == INVALID) status = ERROR_LITERAL;
        else endBlock();
        hold >>= entry;
        have -= entry;
        break;
      }
    }
    const length = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    have -= entry;

    entry = i64.load32_u(<u32>hold & DISTANCE_MASK, DISTANCES);
    if ((entry & SPECIAL) != 0) {
      if ((entry & SUBTABLE) != 0) {
        hold >>= entry;
        have -= entry;
        entry = i64.load32_u(subtableOffset(entry, hold), DISTANCES);
      }
      if ((entry & SPECIAL) != 0) {
        status = ERROR_DISTANCE;
        break;
      }
    }
    const distance = <usize>((entry >> 16) + ((hold & ~(-4 << entry)) >> (entry >> 8)));
    hold >>= entry;
    have -= entry;
    let source = to - distance;
    if (source < low) {
      farLength = length;
      farDistance = distance;
      status = ERROR_TOO_FAR;
      break;
    }
    // The next symbol is found before the copy, so as not to wait for it afterwards.
    entry = i64.load32_u(<u32>hold & LITERAL_MASK, LITERALS);
    hold |= load<u64>(from) << have;
    from += <usize>((~have & 63) >> 3);
    have |= 56;

    const end = to + length;
    if (distance >= 8) {
      store<u64>(to, load<u64>(source));
      store<u64>(to, load<u64>(source, 8), 8);
      store<u64>(to, load<u64>(source, 16), 16);
      store<u64>(to, load<u64>(source, 24), 24);
      if (length > 32) {
        do {
          to += 32;
          source += 32;
          store<u64>(to, load<u64>(source));
          store<u64>(to, load<u64>(source, 8), 8);
          store<u64>(to, load<u64>(source, 16), 16);
          store<u64>(to, load<u64>(source, 24), 24);
        } while (to + 32 < end);
      }
    } else if (distance == 1) {
      const run = <u64>load<u8>(source) * 0x0101010101010101;
      do {
        store<u64>(to, run);
        store<u64>(to, run, 8);
        store<u64>(to, run, 16);
        store<u64>(to, run, 24);
        to += 32;
      } while (to < end);
    } else {
      // Each step is right up to the distance; what it writes beyond, the next one writes anew.
      do {
        store<u64>(to, load<u64>(source));
        to += distance;
        source += distance;
      } while (to < end);
    }
    to = end;
  } while (from <= limit && to < FULL);

  count = (have & 63) - 2;
  bits = (hold >> 2) & ~(-1 << count);
  input = from;
  output = to;
  return status;
}
