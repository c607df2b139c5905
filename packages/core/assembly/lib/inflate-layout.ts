// How the memory of the inflate kernel is laid out, what an entry of its decoding tables is, and what it answers.

// Memory, in bytes. The tables of the CRC come before (lib/crc32).
export const LENGTHS: usize = 0x2800; // code lengths of one block, one byte each
export const ORDERED: usize = 0x2980; // symbols by code length, two bytes each
export const COUNTS: usize = 0x2bc0; // symbols of each code length, two bytes each
export const STARTS: usize = 0x2be0; // where each length begins in ORDERED, two bytes each
export const USED: usize = 0x4000; // for each byte of the window at a checkpoint, whether later data took it
export const LITERALS: usize = 0xc000; // decoding tables, four bytes an entry; see buildTable for their size
export const DISTANCES: usize = 0x11000;
/** Where the caller puts up to 64 KiB of input. */
export const INPUT: usize = 0x13000;
export const WINDOW_SIZE: usize = 0x8000;
export const OUTPUT: usize = 0x23800 + WINDOW_SIZE;
/** Once the output reaches this far it is full. What one symbol writes beyond, 300 bytes at most, still fits. */
export const FULL: usize = 0x6f000;
export const PAGES: i32 = 7;

// An entry of a decoding table. Its low six bits are how many bits of input it uses up: WebAssembly takes shift counts
// modulo 64, so an entry is a shift count as it stands.
//   a literal  bit 31 set; bits 8-15: the byte
//   a length or distance  bits 8-13: the bits of its code alone, and two; from bit 16 on: the base that extra bits add to
//   anything else  bit 6 set; with bit 7 a subtable: bits 8-13: its width in bits, and two; from bit 16 on: its offset
// The two more are there because the bits are held two places up, where they are offsets into a table as they stand.
export const LITERAL: i32 = -0x80000000;
export const SPECIAL: i32 = 0x40;
export const SUBTABLE: i32 = 0x80;
export const END_OF_BLOCK: i32 = 0x10000 | SPECIAL;
export const INVALID: i32 = 0x20000 | SPECIAL;
// Measured: wider tables cost more to build than they save, and two literals in one entry hardly ever fit.
export const LITERAL_BITS: i32 = 11;
export const LITERAL_MASK: u32 = ((1 << LITERAL_BITS) - 1) << 2;
export const DISTANCE_BITS: i32 = 9;
export const DISTANCE_MASK: u32 = ((1 << DISTANCE_BITS) - 1) << 2;
export const CODE_LENGTH_BITS: i32 = 7;

// What `decode` and `resume` answer. src/inflate/inflate-engine.ts has the same numbers.
export const GO_ON: i32 = -1; // within the kernel only
export const NEEDS_INPUT: i32 = 0;
export const OUTPUT_FULL: i32 = 1;
export const AT_BLOCK: i32 = 2;
export const DONE: i32 = 3;
export const ERROR_BLOCK_TYPE: i32 = 16;
export const ERROR_STORED_LENGTHS: i32 = 17;
export const ERROR_TOO_MANY_SYMBOLS: i32 = 18;
export const ERROR_CODE_LENGTHS: i32 = 19;
export const ERROR_REPEAT: i32 = 20;
export const ERROR_NO_END: i32 = 21;
export const ERROR_LITERALS: i32 = 22;
export const ERROR_DISTANCES: i32 = 23;
export const ERROR_LITERAL: i32 = 24;
export const ERROR_DISTANCE: i32 = 25;
export const ERROR_TOO_FAR: i32 = 26;
