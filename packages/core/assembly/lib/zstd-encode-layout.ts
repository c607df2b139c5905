// How the memory of the zstd encoder is laid out, in bytes. What the compiler puts into data segments is below.

export const COUNTS: usize = 0x2000; // of the symbols at hand, four bytes each
export const PROBABILITIES: usize = 0x2400; // of one FSE table, two bytes each
export const LITERAL_CODES: usize = 0x2600; // of the lengths below 64, one byte each
export const MATCH_CODES: usize = 0x2640; // of the lengths below 128, less 3
export const SYMBOLS: usize = 0x2800; // the symbol of each state of a table that is being built, one byte each
export const PLACES: usize = 0x2a00; // where the next state of each symbol goes, two bytes each
/** FSE tables: first 64 entries of symbols, eight bytes each, then the states, two bytes each. */
export const LITERAL_TABLE: usize = 0x3000;
export const OFFSET_TABLE: usize = 0x3800;
export const MATCH_TABLE: usize = 0x4000;
export const WEIGHT_TABLE: usize = 0x4800;
export const TABLE_STATES: usize = 0x200;
/** Codes of literals: four bytes each, the code and above 16 bits its length. */
export const HUFFMAN: usize = 0x5000;
export const HUFFMAN_BEFORE: usize = 0x5400; // those of the block before
export const ORDER: usize = 0x5800; // symbols by how often they are, two bytes each
export const PARENTS: usize = 0x5a00; // of the nodes of the tree, two bytes each
export const FREQUENCIES: usize = 0x6000; // of the nodes, four bytes each
export const LENGTHS: usize = 0x6800; // how many codes have each length, four bytes each
export const WEIGHTS: usize = 0x6a00; // one byte each
export const DESCRIPTION: usize = 0x6c00; // of a Huffman code
/** Addresses of the input by the hash of what is there, four bytes each. */
export const LONG_HASHES: usize = 0x10000;
export const LONG_BITS: i32 = 16;
export const SHORT_HASHES: usize = LONG_HASHES + (4 << LONG_BITS);
export const SHORT_BITS: i32 = 15;
/** Eight bytes each: the offset's number, the length of the literals from bit 24 on, of the match, less 3, from bit 44 on. */
export const SEQUENCES: usize = SHORT_HASHES + (4 << SHORT_BITS);
export const LITERALS: usize = SEQUENCES + 0x41000;
/** A block as it is written; more than any could need. */
export const OUTPUT: usize = LITERALS + 0x21000;
/** The window and after it the block at hand. */
export const INPUT: usize = OUTPUT + 0x90000;
export const BLOCK_SIZE: usize = 0x20000;
export const WINDOW_SIZE: usize = 0x100000;
export const INPUT_END: usize = INPUT + (WINDOW_SIZE << 1);
/** What copies may read and write beyond an end. */
export const RUN_OVER: usize = 0x100;
