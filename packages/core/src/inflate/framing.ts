import type { Bytes } from '@stowage/types';
import type { StreamFormat } from './decoder.ts';
import type { InflateEngine } from './inflate-engine.ts';

/** What is around a deflate stream. Header and trailer may come in any pieces. */
export interface Framing {
  readonly format: StreamFormat;
  /** Whether another one may follow. */
  readonly repeats: boolean;
  /** What a checksum begins with. */
  readonly seed: number;
  /** How long the trailer is. */
  readonly trailerLength: number;
  /** Begins a header. */
  start(): void;
  /** Reads the header from `at` on. Answers where it goes on from, and tells by `open` whether it is complete. */
  header(bytes: Bytes, at: number): number;
  readonly open: boolean;
  /** The checksum of the output that was taken last, going on from `seed`. */
  check(engine: InflateEngine, output: Bytes, seed: number): number;
  /**
   * Compares the trailer, as far as it is there, with what was found; where no checksum was computed, only the length.
   */
  trailer(view: DataView, filled: number, check: number | undefined, length: number): void;
}
