// Where the output of the deflate kernel stands, and the bits that are not written yet.

import { OUTPUT } from './deflate-layout';

export class Output {
  static at: usize = OUTPUT;
  static bits: u64 = 0;
  /** Fewer than eight between two calls. */
  static count: i32 = 0;
}

/** Writes up to 32 bits, the lowest first. */
export function writeBits(bits: u32, count: i32): void {
  const all = Output.bits | (<u64>bits << Output.count);
  const filled = Output.count + count;
  store<u64>(Output.at, all);
  Output.at += filled >> 3;
  Output.bits = all >> (filled & 56);
  Output.count = filled & 7;
}

/** Fills a byte that was begun with zeros. */
export function alignToByte(): void {
  if (Output.count > 0) writeBits(0, 8 - Output.count);
}
