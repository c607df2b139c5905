// Where the inflate kernel stands in its stream, and the bits that it has read and not used.

import { INPUT, OUTPUT } from './inflate-layout';

// Where in the stream decoding stands. A step is taken as a whole once all of its bits are there, or not at all.
export const HEADER: i32 = 0; // of a block
export const STORED_HEADER: i32 = 1;
export const STORED: i32 = 2;
export const DYNAMIC_HEADER: i32 = 3;
export const CODE_LENGTH_CODE: i32 = 4;
export const CODE_LENGTHS: i32 = 5;
export const SYMBOLS: i32 = 6;
export const FINISHED: i32 = 7;
/** Between two blocks where the caller was told so already. */
export const HEADER_TOLD: i32 = 8;

export class State {
  static mode: i32 = HEADER;
  /** Bits that were read and not used yet, the next one lowest, and how many. */
  static bits: u64 = 0;
  static count: u64 = 0;
  static input: usize = INPUT;
  static inputEnd: usize = INPUT;
  static output: usize = OUTPUT;
  /** The first byte that a distance may reach. */
  static windowStart: usize = OUTPUT;
  static lastBlock: bool = false;
  /** Bytes to come of a stored block. */
  static stored: u32 = 0;
  static literalCount: i32 = 0;
  static distanceCount: i32 = 0;
  static codeLengthCount: i32 = 0;
  /** Code lengths read so far of a dynamic block. */
  static lengthsRead: i32 = 0;
  /** Whether the tables are those of the fixed codes. */
  static fixedTables: bool = false;
  /** Where the output stood at the checkpoint whose window is being watched; it slides with the output. */
  static watched: i32 = 0;
  static watching: bool = false;
  /** The match that the fast loop was left for. */
  static farLength: usize = 0;
  static farDistance: usize = 0;
}

/** Reads bytes until `need` bits are there. Answers whether they are. */
export function pull(need: u64): bool {
  while (State.count < need) {
    if (State.input == State.inputEnd) return false;
    State.bits |= <u64>load<u8>(State.input++) << State.count;
    State.count += 8;
  }
  return true;
}

@inline
export function take(width: u64): u32 {
  const value = <u32>(State.bits & ((1 << width) - 1));
  State.bits >>= width;
  State.count -= width;
  return value;
}

export function endBlock(): void {
  State.mode = State.lastBlock ? FINISHED : HEADER;
}
