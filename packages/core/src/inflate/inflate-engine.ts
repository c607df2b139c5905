import type { Bytes } from '@stowage/types';

/** Input is given to an engine in pieces of at most this many bytes. */
export const INPUT_SLICE: number = 64 * 1024;

/** How far back a distance of deflate reaches (RFC 1951, section 2). */
export const WINDOW_SIZE: number = 32 * 1024;

/** The compression method of RFC 1950 and 1952. */
export const DEFLATE = 8;

/** Within an engine only: there is no reason to stop. */
export const GO_ON = -1;
/** What `decode` and `resume` of an engine answer: one of these, or the number of an error. */
export const NEEDS_INPUT = 0;
/** Take the output, then resume. */
export const OUTPUT_FULL = 1;
/** Between two blocks, as was asked for. */
export const AT_BLOCK = 2;
/** The last block is complete. */
export const DONE = 3;

// What went wrong. assembly/lib/inflate-layout.ts has the same numbers.
export const ERROR_BLOCK_TYPE = 16;
export const ERROR_STORED_LENGTHS = 17;
export const ERROR_TOO_MANY_SYMBOLS = 18;
export const ERROR_CODE_LENGTHS = 19;
export const ERROR_REPEAT = 20;
export const ERROR_NO_END = 21;
export const ERROR_LITERALS = 22;
export const ERROR_DISTANCES = 23;
export const ERROR_LITERAL = 24;
export const ERROR_DISTANCE = 25;
export const ERROR_TOO_FAR = 26;

/** What went wrong, in zlib's words, by number. */
export const ERRORS: Readonly<Record<number, string>> = {
  [ERROR_BLOCK_TYPE]: 'invalid block type',
  [ERROR_STORED_LENGTHS]: 'invalid stored block lengths',
  [ERROR_TOO_MANY_SYMBOLS]: 'too many length or distance symbols',
  [ERROR_CODE_LENGTHS]: 'invalid code lengths set',
  [ERROR_REPEAT]: 'invalid bit length repeat',
  [ERROR_NO_END]: 'invalid code -- missing end-of-block',
  [ERROR_LITERALS]: 'invalid literal/lengths set',
  [ERROR_DISTANCES]: 'invalid distances set',
  [ERROR_LITERAL]: 'invalid literal/length code',
  [ERROR_DISTANCE]: 'invalid distance code',
  [ERROR_TOO_FAR]: 'invalid distance too far back',
};

/** Decodes raw deflate (RFC 1951), one stream after another. It checks the input and knows of no framing. */
export interface InflateEngine {
  /**
   * Begins a stream, or goes on in the middle of one: `window` is what distances may reach at first, 32 KiB at most,
   * and of `first`, the first byte, the lowest `skip` bits are left out. With a `skip` of 0 there is no first byte.
   */
  begin(window: Bytes, skip: number, first: number): void;
  /**
   * Decodes a slice of input: until it is used up, the output is full, or between two blocks once at least `stopAfter`
   * more bytes of output are there.
   */
  decode(input: Bytes, stopAfter: number): number;
  /** Goes on with the same slice. */
  resume(stopAfter: number): number;
  /** The output since the last call, which is valid until the next `begin`, `decode` or `resume`. */
  take(): Bytes;
  /** The CRC-32 of what `take` answered last, going on from `seed`. */
  crc32(seed: number): number;
  /** How many bits of the slice are not used yet. */
  unusedBits(): number;
  /** A copy of the last 32 KiB of output, or of all there is. */
  window(): Bytes;
  /** From now on notes which bytes of the window are used by what comes. */
  watch(): void;
  /** For each of the 32768 bytes before `watch`, whether it was used: 1 or 0. Valid as `take` is. */
  used(): Bytes;
  /** The engine is not needed any more. */
  free(): void;
}
