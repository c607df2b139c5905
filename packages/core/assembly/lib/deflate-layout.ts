// How the memory of the deflate kernel is laid out, and the numbers of RFC 1951 that it is about.

/** How far back a distance reaches. */
export const WINDOW_SIZE: i32 = 0x8000;
/** The most bytes that are compressed in one go. src/deflate/deflate-engine.ts has the same number. */
export const MAX_SEGMENT: i32 = 0x40000;
export const MAX_LENGTH: i32 = 258;
export const END_OF_BLOCK: i32 = 256;
/** Symbols of literals and lengths, with two that do not occur. */
export const LITERALS: i32 = 288;
/** Symbols of distances, with two that do not occur. */
export const DISTANCES: i32 = 32;
export const META_SYMBOLS: i32 = 19;

// Memory, in bytes. The tables of the CRC come before (lib/crc32).
export const LENGTH_SYMBOLS: usize = 0x2800; // for each length, less 3: its symbol less 257, a byte each
export const LOGARITHMS: usize = 0x2900; // the binary logarithms of 512/512 to 1023/512, two bytes each
export const BLOCK_COUNTS: usize = 0x3000; // how often each symbol occurs: literals and lengths, distances
export const CHUNK_COUNTS: usize = 0x3500; // the same of the latest tokens, which may become a block of their own
export const CODES: usize = 0x3a00; // bits of each symbol's code, from bit 16 on their number
export const LENGTH_CODES: usize = 0x3f00; // for each length, less 3: code and extra bits, from bit 24 on their number
export const CODE_LENGTHS: usize = 0x4300; // of each symbol, a byte each
export const ITEMS: usize = 0x4500; // the code lengths in runs, two bytes each: symbol, from bit 8 on its extra bits
export const META_COUNTS: usize = 0x4780;
export const META_CODES: usize = 0x47e0;
export const META_LENGTHS: usize = 0x4840;
export const LENGTH_NUMBERS: usize = 0x4880; // how many codes have each length, four bytes each
export const SORTED: usize = 0x4900; // symbols that occur, the rarest first: count, and in the lowest nine bits the symbol
export const WEIGHTS: usize = 0x4e00; // of the nodes of a tree: leaves in the order of SORTED, then inner ones
export const PARENTS: usize = 0x5700; // of the same nodes; later their depths, two bytes each
export const HEADS: usize = 0x6000; // the latest place of each hash of five or six bytes, as an address
export const HEAD_BITS: u32 = 15;
export const SHORT_HEADS: usize = 0x26000; // the same of each hash of three bytes
export const MIDDLE_HEADS: usize = 0x36000; // and of four
export const SHORT_HEAD_BITS: u32 = 14;
export const CHAIN: usize = 0x46000; // for each place, modulo the window, how far before it the one of the same hash is
/** Tokens of a block: a literal, or a match with bit 31 set: distance less 1, length less 3 << 15, symbol << 23. */
export const TOKENS: usize = 0x56000;
export const MAX_TOKENS: i32 = 0x8000;
/** After so many tokens it is looked at whether they are better off in a block of their own. */
export const CHUNK_TOKENS: i32 = 0x800;
/** 32 KiB of what came before, then what is to be compressed, then room for reading beyond its end. */
export const WINDOW: usize = 0x78000;
export const INPUT: usize = WINDOW + WINDOW_SIZE;
export const OUTPUT: usize = INPUT + MAX_SEGMENT + 0x100;
export const PAGES: i32 = 17;
