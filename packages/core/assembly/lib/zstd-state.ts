// What the zstd kernel keeps from block to block of a frame.

import { OUTPUT } from './zstd-layout';

export class State {
  /** Where the output goes on, and the first byte that an offset may reach. */
  static output: usize = OUTPUT;
  static windowStart: usize = OUTPUT;
  static windowSize: usize = 0;
  /** Up to where the output has gone into the checksum. */
  static hashed: usize = OUTPUT;
  /** The offsets of RFC 8878, section 3.1.1.5. */
  static repeat1: u32 = 1;
  static repeat2: u32 = 4;
  static repeat3: u32 = 8;
  /** Bits of the Huffman table; 0 is none. */
  static huffmanBits: i32 = 0;
  /** Bits of the tables of sequences; -1 is none. */
  static literalBits: i32 = -1;
  static offsetBits: i32 = -1;
  static matchBits: i32 = -1;
  /** The literals of the block at hand. */
  static literals: usize = 0;
  static literalsEnd: usize = 0;
}
