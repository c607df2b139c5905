import type { Bytes } from '@stowage/types';

/** The most bytes that a block has, before and after its decompression (RFC 8878, section 3.1.1.2.4). */
export const BLOCK_SIZE: number = 128 * 1024;

// What went wrong in a block, by number. assembly/lib/zstd-layout.ts has the same numbers.
export const ERROR_TRUNCATED = 1;
export const ERROR_LITERALS = 2;
export const ERROR_HUFFMAN = 3;
export const ERROR_NO_HUFFMAN = 4;
export const ERROR_FSE = 5;
export const ERROR_NO_FSE = 6;
export const ERROR_SEQUENCES = 7;
export const ERROR_OFFSET = 8;
export const ERROR_BLOCK_LENGTH = 9;
export const ERROR_MEMORY = 10;
/** The same in words, but for {@link ERROR_MEMORY}. */
export const ERRORS: Readonly<Record<number, string>> = {
  [ERROR_TRUNCATED]: 'a block ends early',
  [ERROR_LITERALS]: 'invalid literals',
  [ERROR_HUFFMAN]: 'invalid Huffman code',
  [ERROR_NO_HUFFMAN]: 'no Huffman code to repeat',
  [ERROR_FSE]: 'invalid FSE table',
  [ERROR_NO_FSE]: 'no FSE table to repeat',
  [ERROR_SEQUENCES]: 'invalid sequences',
  [ERROR_OFFSET]: 'invalid offset too far back',
  [ERROR_BLOCK_LENGTH]: 'a block is too long once decompressed',
};

/** Decodes blocks of zstd, frame after frame. It checks the content of blocks and knows of no framing. */
export interface ZstdEngine {
  /** Begins a frame whose offsets reach back `windowSize` bytes. */
  begin(windowSize: number): void;
  /** Takes bytes of the block that comes next, from `offset` in it on. */
  put(bytes: Bytes, offset: number): void;
  /** A block of `length` bytes that is written as it is. Answers 0 or {@link ERROR_MEMORY}, as `repeat` does. */
  raw(length: number): number;
  /** A block of `length` times the same byte. */
  repeat(length: number): number;
  /** A compressed block of `length` bytes, `most` once decompressed. Answers 0 or the number of an error. */
  compressed(length: number, most: number): number;
  /** The output since the last call, which is valid until the next block. */
  take(): Bytes;
  /** Takes the output into the checksum; to be called after each block of a frame that has one. */
  hash(): void;
  /** The checksum of the frame so far, 32 bits. */
  checksum(): number;
  /** The engine is not needed any more. */
  free(): void;
}
