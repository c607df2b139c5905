// How the memory of the zstd kernel is laid out, and what it answers.

// Memory, in bytes. What the compiler puts into data segments is below.
export const PROBABILITIES: usize = 0x2000; // of one FSE table, two bytes each
export const NEXT: usize = 0x2200; // the next state of each symbol, two bytes each
export const SYMBOLS: usize = 0x2400; // the symbol of each state of a table that is being built, one byte each
export const WEIGHTS: usize = 0x2600; // of a Huffman code, one byte each
export const RANKS: usize = 0x2700; // where each weight begins in the table, four bytes each
export const WEIGHT_STATES: usize = 0x2800; // decoding table of weights, eight bytes an entry
export const HUFFMAN: usize = 0x3000; // two bytes an entry: the symbol, and above it the bits of its code
export const LITERAL_STATES: usize = 0x4000; // decoding tables, eight bytes an entry
export const OFFSET_STATES: usize = 0x5000;
export const MATCH_STATES: usize = 0x5800;
/** Where the caller puts a whole block. What is before it may be read, not used, at the beginning of a bitstream. */
export const INPUT: usize = 0x7000;
export const BLOCK_SIZE: usize = 0x20000;
/** Decoded literals, with room to run over. */
export const LITERALS: usize = INPUT + BLOCK_SIZE + 0x100;
/** The window and the output, without a gap, up to the end of the memory. */
export const OUTPUT: usize = LITERALS + BLOCK_SIZE + 0x100;
/** What copies may write beyond their end. */
export const RUN_OVER: usize = 0x100;

// What a block answers. src/zstd/zstd-engine.ts has the same numbers.
export const OK: i32 = 0;
export const ERROR_TRUNCATED: i32 = 1;
export const ERROR_LITERALS: i32 = 2;
export const ERROR_HUFFMAN: i32 = 3;
export const ERROR_NO_HUFFMAN: i32 = 4;
export const ERROR_FSE: i32 = 5;
export const ERROR_NO_FSE: i32 = 6;
export const ERROR_SEQUENCES: i32 = 7;
export const ERROR_OFFSET: i32 = 8;
export const ERROR_BLOCK_LENGTH: i32 = 9;
export const ERROR_MEMORY: i32 = 10;
