// Blocks of zstd (RFC 8878), each given whole. The memory is laid out by hand:
//
//   tables | one block of input | its literals | window, output, room to run over
//
// Output follows its window without a gap, so that a match is one plain copy and the caller gets views of this memory.
// The memory grows as far as the window of the frame asks for; from then on the last window of output is moved to the
// front whenever the room is used up.

import { beginHash, endHash, hashStripes } from './lib/xxh64';
import { BLOCK_SIZE, ERROR_MEMORY, INPUT, OK, OUTPUT, RUN_OVER } from './lib/zstd-layout';
import { literalsSectionEnd, readLiterals } from './lib/zstd-literals';
import { readSequences } from './lib/zstd-sequences';
import { State } from './lib/zstd-state';

export { INPUT };

const PAGE: usize = 0x10000;
/** How much output there is room for, at least, besides the window. */
const LEAST_ROOM: usize = 0x80000;

/** Begins a frame. */
export function begin(windowSize: usize): void {
  State.output = State.windowStart = State.hashed = OUTPUT;
  State.windowSize = windowSize;
  State.repeat1 = 1;
  State.repeat2 = 4;
  State.repeat3 = 8;
  State.huffmanBits = 0;
  State.literalBits = State.offsetBits = State.matchBits = -1;
  beginHash();
}

/** Where the output has come to, as an address. */
export function position(): usize {
  return State.output;
}

/** Makes room for a block: moves the window to the front, or grows. */
export function makeRoom(): i32 {
  const need = State.output + BLOCK_SIZE + RUN_OVER;
  const size = <usize>memory.size() * PAGE;
  if (need <= size) return OK;
  const window = State.windowSize;
  const room = max(LEAST_ROOM, window <= 0x800000 ? window : window >> 1);
  if (State.output - OUTPUT >= window + room) {
    const moved = State.output - OUTPUT - window;
    memory.copy(OUTPUT, OUTPUT + moved, window);
    State.output -= moved;
    State.hashed -= moved;
    State.windowStart = OUTPUT;
    return OK;
  }
  const wanted = max(need, min(size << 1, OUTPUT + window + room + BLOCK_SIZE + RUN_OVER));
  if (memory.grow(<i32>((wanted - size + PAGE - 1) / PAGE)) >= 0) return OK;
  return memory.grow(<i32>((need - size + PAGE - 1) / PAGE)) < 0 ? ERROR_MEMORY : OK;
}

/** A block that is written as it is. */
export function raw(length: usize): void {
  memory.copy(State.output, INPUT, length);
  State.output += length;
}

/** A block of one byte many times. */
export function repeat(length: usize): void {
  memory.fill(State.output, load<u8>(INPUT), length);
  State.output += length;
}

/** A compressed block, of `most` bytes of output at most. */
export function compressed(length: usize, most: usize): i32 {
  const status = readLiterals(INPUT, INPUT + length);
  if (status != OK) return status;
  return readSequences(literalsSectionEnd, INPUT + length, State.output + most);
}

/** Takes the output so far into the checksum. */
export function hash(): void {
  State.hashed = hashStripes(State.hashed, State.output);
}

/** The checksum of the frame: the low 32 bits of the hash. */
export function checksum(): u32 {
  hash();
  return <u32>endHash(State.hashed, State.output);
}

memory.grow(<i32>((OUTPUT + BLOCK_SIZE + LEAST_ROOM) / PAGE) + 1 - memory.size());
