import type { Bytes } from '@stowage/types';
import type { Checkpoint } from './checkpoint.ts';

/** What an inflater runs on: WebAssembly, or plain TypeScript for pages that forbid it. */
export type InflateBackend = 'wasm' | 'js';

/** What `createInflater` takes. */
export interface InflaterInit {
  /**
   * What is around the deflate data (RFC 1951): `gzip` (RFC 1952, any number of members), `zlib` (RFC 1950), or
   * nothing. Default `gzip`
   */
  readonly format?: 'gzip' | 'zlib' | 'raw' | undefined;
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the inflation
   * and is what the call of `write` throws.
   */
  onOutput(bytes: Bytes): void;
  /**
   * After how many bytes of output, at least, there is to be another checkpoint; less than 32 KiB counts as 32 KiB.
   * Default: none. A smaller distance makes for faster reading from the middle and a larger index. There are 2048 at most:
   * before there would be more, every second one goes and the distance doubles.
   */
  readonly checkpointEvery?: number | undefined;
  /**
   * Where to go on. What is written then is the compressed stream from the byte `in` of the checkpoint on. The checks
   * of the gzip member, or of the zlib stream, that the checkpoint lies in are left out, because they cover what is not
   * read; those of later members are not.
   */
  readonly restore?: Checkpoint | undefined;
  /** The most bytes of output that this inflater may make. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /**
   * The most bytes of output for each byte of input, looked at once there is more than 1 MiB of output. Default: no
   * limit. Deflate itself cannot pass 1032.
   */
  readonly maxRatio?: number | undefined;
  /** Default: `wasm` where it is allowed, else `js`. */
  readonly backend?: InflateBackend | undefined;
  /**
   * Whether the checksums of the stream are computed and compared. `skip` is for content that is known by a digest
   * and makes inflation about a tenth faster; lengths are compared all the same. Default `verify`
   */
  readonly checksum?: 'verify' | 'skip' | undefined;
}

/**
 * Inflates what is written into it, at once and in the same call. A failure is final: every later `write` and `end`
 * fails with the same error, and what was given out before it is not to be trusted. It holds memory until its `end`,
 * a failure or `free`.
 */
export interface Inflater {
  /**
   * Takes compressed bytes, any number of them, and gives out all that they decode to. `INVALID_ARCHIVE` for a corrupt
   * stream, `UNSUPPORTED` for a zlib stream with a preset dictionary, `LIMIT_EXCEEDED`; `INVALID_ARGUMENT` after `end`
   * and `free` and within `onOutput`.
   */
  write(bytes: Bytes): void;
  /** Ends the stream. Throws as `write` does, with `INVALID_ARCHIVE` when the stream is not complete. */
  end(): void;
  /** The checkpoints so far, in order. The window of the last one may become smaller until the stream has ended. */
  readonly checkpoints: readonly Checkpoint[];
  /** Bytes taken so far; from a checkpoint on, counted from its `in`. */
  readonly bytesIn: number;
  /** Bytes given out so far; from a checkpoint on, counted from its `out`. */
  readonly bytesOut: number;
  /** Frees the memory for the next inflater. To be called unless `end` was or something failed. Idempotent. */
  free(): void;
}
