// Raw deflate (RFC 1951), resumable at any byte of its input. The memory is laid out by hand:
//
//   tables | input, one slice at a time | 32 KiB of window, output, room to run over
//
// Output follows its window without a gap, so that a match is one plain copy and the caller gets views of this memory.
// Once the output is full, `slide` moves its last 32 KiB to the front.

import {
  AT_BLOCK,
  DONE,
  ERROR_TOO_FAR,
  FULL,
  GO_ON,
  INPUT,
  OUTPUT,
  OUTPUT_FULL,
  PAGES,
  USED,
  WINDOW_SIZE,
} from './lib/inflate-layout';
import {
  blockHeader,
  codeLengthCode,
  codeLengths,
  dynamicHeader,
  storedBytes,
  storedHeader,
} from './lib/inflate-header';
import {
  CODE_LENGTH_CODE,
  CODE_LENGTHS,
  DYNAMIC_HEADER,
  HEADER,
  HEADER_TOLD,
  State,
  STORED,
  STORED_HEADER,
  SYMBOLS,
} from './lib/inflate-state';
import { careful, farMatch, fast } from './lib/inflate-symbols';

export { crc32 } from './lib/crc32';
export { INPUT };

memory.grow(PAGES - memory.size());

/** Where the output has come to, as an address. */
export function position(): usize {
  return State.output;
}

/** Bits of the last input that were not used. */
export function unusedBits(): i32 {
  return (<i32>(State.inputEnd - State.input) << 3) + <i32>State.count;
}

/**
 * Begins a stream. The caller has put `windowLength` bytes of window before the address that is answered, and skips
 * the first `skip` bits of the first byte, which it gives too.
 */
export function begin(windowLength: i32, skip: i32, firstByte: i32): void {
  State.mode = HEADER;
  State.bits = skip > 0 ? <u64>firstByte >> skip : 0;
  State.count = skip > 0 ? 8 - skip : 0;
  State.input = State.inputEnd = INPUT;
  State.output = OUTPUT;
  State.windowStart = OUTPUT - windowLength;
  State.lastBlock = false;
  State.watching = false;
}

/** Makes room for output: keeps the window and forgets the rest. */
export function slide(): void {
  const keep = windowLength();
  memory.copy(OUTPUT - keep, State.output - keep, keep);
  State.watched -= <i32>(State.output - OUTPUT);
  State.output = OUTPUT;
  State.windowStart = OUTPUT - keep;
}

/** How many bytes before the output a distance may reach, 32 KiB at most. */
export function windowLength(): usize {
  return min(State.output - State.windowStart, WINDOW_SIZE);
}

/** From here on, notes which bytes of the window are taken; answers where the notes are, a byte each. */
export function watch(): usize {
  memory.fill(USED, 0, WINDOW_SIZE);
  State.watched = <i32>State.output;
  State.watching = true;
  return USED;
}

/** Decodes `length` bytes at INPUT. */
export function decode(length: i32, stopAt: usize): i32 {
  State.input = INPUT;
  State.inputEnd = INPUT + length;
  return resume(stopAt);
}

/** Goes on with the input at hand. Stops between two blocks once the output has reached the address `stopAt`. */
export function resume(stopAt: usize): i32 {
  let status = GO_ON;
  while (status == GO_ON) {
    if (State.output >= FULL) return OUTPUT_FULL;
    if (State.mode == HEADER && State.output >= stopAt) {
      State.mode = HEADER_TOLD;
      return AT_BLOCK;
    }
    status = step();
  }
  return status;
}

function step(): i32 {
  switch (State.mode) {
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
      if (State.watching && <i32>State.output - State.watched >= <i32>WINDOW_SIZE) State.watching = false;
      if (State.inputEnd - State.input < 32) return careful();
      const status = fast();
      return status == ERROR_TOO_FAR ? farMatch() : status;
    default:
      return DONE;
  }
}
