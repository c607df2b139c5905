// The sequences of a block (RFC 8878, section 3.1.1.3.2), decoded and carried out one by one.

import { bitsAt, bitsOf, lowBits } from './zstd-bits';
import { defaultTable, Kind, lastSymbol, meaningOf, nextState, readTable, tableEnd } from './zstd-fse';
import {
  ERROR_BLOCK_LENGTH,
  ERROR_FSE,
  ERROR_NO_FSE,
  ERROR_OFFSET,
  ERROR_SEQUENCES,
  ERROR_TRUNCATED,
  LITERAL_STATES,
  MATCH_STATES,
  OFFSET_STATES,
  OK,
} from './zstd-layout';
import { State } from './zstd-state';

/** Where the header has come to. */
let at: usize = 0;

/** Decodes what follows the literals. No more output than up to `outputEnd`. */
export function readSequences(from: usize, end: usize, outputEnd: usize): i32 {
  at = from;
  if (at >= end) return ERROR_TRUNCATED;
  let count = <i32>load<u8>(at++);
  if (count == 255) {
    count = <i32>load<u16>(at) + 0x7f00;
    at += 2;
  } else if (count >= 128) count = ((count - 128) << 8) | load<u8>(at++);
  if (at > end) return ERROR_TRUNCATED;
  if (count == 0) return at == end ? remainder(outputEnd) : ERROR_SEQUENCES;
  if (at >= end) return ERROR_TRUNCATED;
  const modes = <i32>load<u8>(at++);
  if ((modes & 3) != 0) return ERROR_SEQUENCES;
  State.literalBits = table(modes >> 6, end, LITERAL_STATES, Kind.Literals, State.literalBits);
  if (State.literalBits < 0) return tableError(modes >> 6);
  State.offsetBits = table((modes >> 4) & 3, end, OFFSET_STATES, Kind.Offsets, State.offsetBits);
  if (State.offsetBits < 0) return tableError((modes >> 4) & 3);
  State.matchBits = table((modes >> 2) & 3, end, MATCH_STATES, Kind.Matches, State.matchBits);
  if (State.matchBits < 0) return tableError((modes >> 2) & 3);
  const status = run(count, at, end, outputEnd);
  return status == OK ? remainder(outputEnd) : status;
}

function tableError(mode: i32): i32 {
  return mode == 3 ? ERROR_NO_FSE : ERROR_FSE;
}

/** Makes the table of a mode; answers its bits, or -1. */
function table(mode: i32, end: usize, states: usize, kind: Kind, bits: i32): i32 {
  switch (mode) {
    case 0:
      return defaultTable(states, kind);
    case 1: {
      if (at >= end) return -1;
      const symbol = <i32>load<u8>(at++);
      if (symbol > lastSymbol(kind)) return -1;
      store<u64>(states, meaningOf(kind, symbol));
      return 0;
    }
    case 2: {
      const read = readTable(at, end, states, kind);
      at = tableEnd;
      return read;
    }
    default:
      return bits;
  }
}

/** The literals behind the last sequence. */
function remainder(outputEnd: usize): i32 {
  const length = State.literalsEnd - State.literals;
  if (length > outputEnd - State.output) return ERROR_BLOCK_LENGTH;
  memory.copy(State.output, State.literals, length);
  State.output += length;
  return OK;
}

@inline
function copy16(to: usize, from: usize): void {
  const low = load<u64>(from);
  const high = load<u64>(from, 8);
  store<u64>(to, low);
  store<u64>(to, high, 8);
}

function run(count: i32, base: usize, end: usize, outputEnd: usize): i32 {
  let position = bitsOf(base, end);
  if (position < 0) return ERROR_SEQUENCES;
  position -= State.literalBits;
  let literalState = <usize>lowBits(bitsAt(base, position), <u64>State.literalBits);
  position -= State.offsetBits;
  let offsetState = <usize>lowBits(bitsAt(base, position), <u64>State.offsetBits);
  position -= State.matchBits;
  let matchState = <usize>lowBits(bitsAt(base, position), <u64>State.matchBits);
  let to = State.output;
  let literals = State.literals;
  const literalsEnd = State.literalsEnd;
  const windowStart = State.windowStart;
  const windowSize = State.windowSize;
  let repeat1 = State.repeat1;
  let repeat2 = State.repeat2;
  let repeat3 = State.repeat3;

  for (;;) {
    const literalEntry = load<u64>(LITERAL_STATES + (literalState << 3));
    const offsetEntry = load<u64>(OFFSET_STATES + (offsetState << 3));
    const matchEntry = load<u64>(MATCH_STATES + (matchState << 3));
    const offsetWidth = (offsetEntry >> 32) & 31;
    const matchWidth = (matchEntry >> 32) & 31;
    const literalWidth = (literalEntry >> 32) & 31;
    position -= <i32>offsetWidth;
    let offset = <u32>offsetEntry + lowBits(bitsAt(base, position), offsetWidth);
    position -= <i32>(matchWidth + literalWidth);
    const lengths = bitsAt(base, position);
    const length = <usize>literalEntry + lowBits(lengths, literalWidth);
    const matchLength = <usize>matchEntry + lowBits(lengths >> literalWidth, matchWidth);
    if (position < 0) return ERROR_SEQUENCES;

    if (offset > 3) {
      offset -= 3;
      repeat3 = repeat2;
      repeat2 = repeat1;
      repeat1 = offset;
    } else {
      if (length == 0) offset++;
      if (offset == 1) offset = repeat1;
      else {
        const third = offset != 2;
        offset = offset == 2 ? repeat2 : offset == 3 ? repeat3 : repeat1 - 1;
        if (third) repeat3 = repeat2;
        repeat2 = repeat1;
        repeat1 = offset;
      }
    }

    if (length > literalsEnd - literals) return ERROR_SEQUENCES;
    if (length + matchLength > outputEnd - to) return ERROR_BLOCK_LENGTH;
    // What is written beyond an end is written anew by what follows.
    copy16(to, literals);
    if (length > 16) {
      let from = literals + 16;
      let out = to + 16;
      for (const outEnd = to + length; out < outEnd; out += 16, from += 16) copy16(out, from);
    }
    to += length;
    literals += length;
    // An offset of 0 wraps around and is too far.
    if (<usize>offset - 1 >= min(to - windowStart, windowSize)) return ERROR_OFFSET;
    let source = to - offset;
    const matchEnd = to + matchLength;
    if (offset >= 16) {
      do {
        copy16(to, source);
        to += 16;
        source += 16;
      } while (to < matchEnd);
    } else if (offset == 1) {
      const byte = <u64>load<u8>(source) * 0x0101010101010101;
      do {
        store<u64>(to, byte);
        store<u64>(to, byte, 8);
        to += 16;
      } while (to < matchEnd);
    } else if (offset >= 8) {
      do {
        store<u64>(to, load<u64>(source));
        to += 8;
        source += 8;
      } while (to < matchEnd);
    } else {
      // Each step is right up to the offset.
      do {
        store<u64>(to, load<u64>(source));
        to += offset;
        source += offset;
      } while (to < matchEnd);
    }
    to = matchEnd;

    if (--count == 0) break;
    position -= <i32>(literalEntry >> 40) & 63;
    literalState = nextState(literalEntry, bitsAt(base, position));
    position -= <i32>(matchEntry >> 40) & 63;
    matchState = nextState(matchEntry, bitsAt(base, position));
    position -= <i32>(offsetEntry >> 40) & 63;
    offsetState = nextState(offsetEntry, bitsAt(base, position));
  }
  if (position != 0) return ERROR_SEQUENCES;
  State.output = to;
  State.literals = literals;
  State.repeat1 = repeat1;
  State.repeat2 = repeat2;
  State.repeat3 = repeat3;
  return OK;
}
