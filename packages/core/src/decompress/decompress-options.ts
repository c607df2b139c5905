import type { Bytes } from '@stowage/types';
import type { InflateBackend } from '../inflate/inflater-init.ts';

/**
 * What decompresses gzip: `wasm` is WebAssembly, the fastest everywhere, in the thread that calls; `zlib` is node:zlib
 * (Node, Deno, Bun), on a thread of its own; `js` is plain TypeScript, for pages that forbid WebAssembly.
 */
export type GunzipBackend = InflateBackend | 'zlib';

/**
 * What decompresses zstd: `wasm` is WebAssembly, in the thread that calls; `zlib` is node:zlib, where that has zstd; `js` is
 * plain TypeScript, for pages that forbid WebAssembly.
 */
export type ZstdBackend = 'wasm' | 'zlib' | 'js';

/** What a stream may cost, and how it is read. */
export interface DecompressOptions {
  /** The most bytes of output. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /**
   * The most bytes of output for each byte of input, looked at once there is more than 1 MiB of output. Default: no
   * limit. Honest gzip can reach 1032, as it does for a layer full of zeros; zstd has no such bound.
   */
  readonly maxRatio?: number | undefined;
  /** The only format to accept. Default: whatever the first bytes show. */
  readonly format?: 'gzip' | 'zstd' | undefined;
  /** Default: `wasm` where it is allowed and has room, else `js`. */
  readonly gunzipBackend?: GunzipBackend | undefined;
  /**
   * Default: `zlib` in Deno unless there is a `maxWindow`; else `wasm` where it is allowed and has room; else `zlib` unless
   * there is a `maxWindow`; else `js`. Without a name, too little room for the memory of `wasm` leads to `js`.
   */
  readonly zstdBackend?: ZstdBackend | undefined;
  /**
   * The largest window of zstd to accept, in bytes: about twice as much memory is held. A frame that asks for more is
   * `LIMIT_EXCEEDED`. More than 1 GiB is never accepted, and `zlib` has the limit of the default. Default 128 MiB
   */
  readonly maxWindow?: number | undefined;
}

/** What `createDecompressor` takes. */
export interface DecompressorInit extends DecompressOptions {
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the
   * decompression and is what the call that waits rejects with.
   */
  onOutput(bytes: Bytes): void;
}
