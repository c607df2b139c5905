import type { Bytes } from '@stowage/types';

/** What `createZstdCompressor` takes. */
export interface ZstdCompressorInit {
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the compression
   * and is what the call throws.
   */
  onOutput(bytes: Bytes): void;
  /** An abort makes every later call throw its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** Compresses what is pushed into it, in calls that do not wait. A failure is final: every later call throws it. */
export interface ZstdCompressor {
  /**
   * Takes plain bytes, which may be reused at once. Throws what `onOutput` throws, the reason of an abort, and
   * `INVALID_ARGUMENT` after `end` and after `free`.
   */
  write(bytes: Bytes): void;
  /** Ends the frame and frees everything. Throws as `write` does. */
  end(): void;
  /** Gives up and frees everything. Idempotent. */
  free(): void;
}
