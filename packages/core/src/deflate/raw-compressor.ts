import type { Bytes } from '@stowage/types';

/** What compresses to raw deflate, in this thread or in workers. */
export interface RawCompressor {
  /** Of all that was written, once `end` is through. */
  readonly crc: number;
  readonly workers: number;
  write(bytes: Bytes): void | Promise<void>;
  end(): void | Promise<void>;
  /** To be called once; what waits may stay so. */
  free(): void;
}

/** What hears of a {@link RawCompressor}. */
export interface RawListener {
  /** Takes output, valid during the call. */
  readonly give: (bytes: Bytes) => void;
  readonly fail: (error: unknown) => void;
}
