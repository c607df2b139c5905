// Deflate (RFC 1951), a segment at a time: up to 256 KiB of input with up to 32 KiB of what came before it as a
// dictionary. What it becomes depends on these bytes alone. The memory is laid out by hand: see lib/deflate-layout.

import { Output, writeBits } from './lib/deflate-bits';
import { writeSync } from './lib/deflate-block';
import { INPUT, MAX_SEGMENT, OUTPUT, PAGES } from './lib/deflate-layout';
import { beginScan, Scan, scan, scanTail } from './lib/deflate-scan';
import { makeLengthSymbols } from './lib/deflate-symbols';
import { beginTokens, endTokens, makeLogarithms } from './lib/deflate-tokens';

export { crc32 } from './lib/crc32';
export { INPUT, OUTPUT };

/** How much input is looked at in one call: engines replace slow code by fast code between calls only. */
const SLICE: usize = 0x8000;

memory.grow(PAGES - memory.size());
makeLengthSymbols();
makeLogarithms();

/** Begins a segment of `length` bytes at INPUT, with `dictionary` bytes before them. */
export function begin(dictionary: i32, length: i32, depth: i32, nice: i32, lazy: i32): void {
  Output.at = OUTPUT;
  Output.bits = 0;
  Output.count = 0;
  beginTokens();
  beginScan(dictionary, length, depth, nice, lazy);
}

/** Goes through the next slice of input. Answers whether there is more to do. */
export function step(): i32 {
  scan(Scan.at + SLICE);
  return <i32>(Scan.at < Scan.last);
}

/** Ends the segment, and with `last` the stream; else the output ends at a byte. Answers how long it is. */
export function end(last: i32): i32 {
  endTokens(scanTail(), last);
  if (last) {
    if (Output.count > 0) writeBits(0, 8 - Output.count);
  } else writeSync();
  return <i32>(Output.at - OUTPUT);
}
