import type { AbortOptions, Bytes } from '@stowage/types';
import type { WorkerPool } from '../workers/worker-pool.ts';

/** What compresses: WebAssembly, or pako for pages that forbid it, which makes other bytes. */
export type GzipBackend = 'wasm' | 'js';

/** How a stream is compressed. */
export interface GzipOptions extends AbortOptions {
  /** From 1, the fastest, to 9, the smallest. Default 6 */
  readonly level?: number | undefined;
  /**
   * How many workers share the work, at most; they change nothing about the output. Where no worker can be had, this
   * thread does the work. Default 0
   */
  readonly workers?: number | undefined;
  /** Whose workers they are. Default: those that the process shares. */
  readonly workerPool?: WorkerPool | undefined;
  /** Default: `wasm` where it is allowed, else `js`, which has no workers and makes other bytes. */
  readonly backend?: GzipBackend | undefined;
}

/** What `createCompressor` takes. */
export interface CompressorInit extends GzipOptions {
  /**
   * Takes the output, in order. The bytes are only valid during the call: copy what is kept. What it throws ends the
   * compression and is what the call that waits, or the next one, rejects with.
   */
  onOutput(bytes: Bytes): void;
}

/**
 * Compresses what is pushed into it. Await what a call returns before the next one; `free` may come at any time. A
 * failure is final: every later call fails with the same error.
 */
export interface Compressor {
  /** How many workers share the work; 0 when this thread does it. */
  readonly workers: number;
  /**
   * Takes bytes; they may be reused once the call has returned, or the promise that it returns has resolved. It returns
   * one where there is something to wait for. Rejects with `UNAVAILABLE` when a worker died, `INVALID_ARGUMENT` while
   * another call waits, within `onOutput`, after `end` and after `free`.
   */
  write(bytes: Bytes): void | Promise<void>;
  /** Ends the stream: resolves once all output was given out. Rejects as `write` does. */
  end(): Promise<void>;
  /**
   * Gives up and frees the memory and the workers; a call that waits rejects with `INVALID_ARGUMENT`. To be called
   * unless `end` was or something failed. Idempotent.
   */
  free(): void;
}
