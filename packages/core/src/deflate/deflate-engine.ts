import type { Bytes } from '@stowage/types';
import type { DeflateEffort } from '../workers/worker-protocol.ts';

/** How far back a match may be (RFC 1951, section 2): as much of what came before a segment is its dictionary. */
export const DICTIONARY_SIZE: number = 32 * 1024;

/**
 * A stream is compressed in segments of this many bytes, which know of one another only the dictionary. Measured: half of
 * it costs nothing in speed and little in size, more gains next to nothing. assembly/lib/deflate-layout.ts has the same
 * number.
 */
export const SEGMENT_SIZE: number = 256 * 1024;

/**
 * By level, from 1 on. At 6 source text comes out up to 1 % smaller than by pako, layers too; at 1 text comes out 2 %
 * smaller, programs up to 2 % larger.
 */
const EFFORTS: readonly DeflateEffort[] = [
  [1, 258, 0],
  [2, 32, 4],
  [4, 32, 8],
  [8, 32, 16],
  [24, 48, 16],
  [64, 128, 24],
  [128, 130, 64],
  [300, 258, 258],
  [1500, 258, 258],
];

/** What a level from 1 to 9 stands for; `undefined` for anything else. */
export function effortOf(level: number): DeflateEffort | undefined {
  return EFFORTS[level - 1];
}

/** Compresses segments to raw deflate (RFC 1951), one at a time. It keeps nothing of one for the next. */
export interface DeflateEngine {
  /** {@link DICTIONARY_SIZE} bytes, the dictionary at their end, and then {@link SEGMENT_SIZE} for the segment. */
  readonly input: Uint8Array;
  /**
   * Compresses what the caller has put into `input`. What comes out ends at a byte, with `last` as the end of a stream,
   * and is valid until the next call.
   *
   * @param dictionary how many bytes before the segment may be referred to
   * @param length of the segment
   */
  deflate(dictionary: number, length: number, effort: DeflateEffort, last: boolean): Bytes;
  /** The CRC-32 of a segment of this length in `input`, going on from `seed`. */
  crc32(length: number, seed: number): number;
  /** The engine is not needed any more. */
  free(): void;
}
