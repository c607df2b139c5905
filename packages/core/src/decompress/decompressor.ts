import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import { detectFormat } from '../inflate/compression-format.ts';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import { invalidStream } from '../inflate/decoder.ts';
import type { Decoder, Emit } from '../inflate/decoder.ts';
import { createGzipDecoder } from './gzip-inflate.ts';
import { inflateBackend } from '../inflate/inflater.ts';
import type { InflateBackend } from '../inflate/inflater-init.ts';
import { checkOutput } from '../inflate/output-limits.ts';

/**
 * What decompresses gzip: `wasm` is WebAssembly, the fastest everywhere, in the thread that calls; `zlib` is node:zlib
 * (Node, Deno, Bun), on a thread of its own; `js` is plain TypeScript, for pages that forbid WebAssembly.
 */
export type GunzipBackend = InflateBackend | 'zlib';

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
  /** Default: `wasm` where it is allowed, else `js`. */
  readonly gunzipBackend?: GunzipBackend | undefined;
}

/** What {@link createDecompressor} takes. */
export interface DecompressorInit extends DecompressOptions {
  /**
   * Takes the output. The bytes are only valid during the call: copy what is kept. What it throws ends the
   * decompression and is what the call that waits rejects with.
   */
  onOutput(bytes: Bytes): void;
}

/**
 * Decompresses what is pushed into it. Await each call before the next one; `cancel` may come at any time. A failure
 * is final: every later `write` and `end` fails with the same error. What was given out before a failure is not to be
 * trusted.
 */
export interface Decompressor {
  /** What the first bytes showed; `undefined` until they have come. */
  readonly format: CompressionFormat | undefined;
  /** Bytes taken so far. */
  readonly bytesIn: number;
  /** Bytes given out so far. */
  readonly bytesOut: number;
  /**
   * Takes compressed bytes and resolves once their output was given out; they may be reused then.
   * `INVALID_ARCHIVE` for a corrupt stream, `UNSUPPORTED` for a format that cannot be read here, `LIMIT_EXCEEDED`;
   * `INVALID_ARGUMENT` while another call waits, after `end` and after `cancel`.
   */
  write(bytes: Bytes): Promise<void>;
  /** Ends the stream. Fails as `write` does, with `INVALID_ARCHIVE` when the stream is not complete. */
  end(): Promise<void>;
  /** Gives up and frees everything; a call that waits rejects with `INVALID_ARGUMENT`. Idempotent, never rejects. */
  cancel(): Promise<void>;
}

const NOTHING = new Uint8Array(0);

/**
 * Makes a decompressor that takes a stream in pieces of any size and gives its output to `onOutput`. The first bytes
 * decide: gzip (RFC 1952, any number of members), zstd (RFC 8878, any number of frames) where the runtime's node:zlib
 * has it, and everything else as it is. bzip2 and xz are recognised and refused. An empty stream is complete and has
 * no output, unless `format` asks for one that cannot be empty.
 *
 * After a complete gzip or zstd stream zero bytes may follow, as padding; anything else is `INVALID_ARCHIVE`. This
 * holds with every backend.
 *
 * @param init where output goes, and the limits
 *
 * @example
 * ```ts
 * import { createDecompressor } from '@stowage/core';
 *
 * let length = 0;
 * const decompressor = createDecompressor({ onOutput: (bytes) => (length += bytes.length), maxBytes: 1024 });
 * await decompressor.write(new TextEncoder().encode('not compressed'));
 * await decompressor.end();
 * console.log(decompressor.format, length); // plain 14
 * ```
 */
export function createDecompressor(init: DecompressorInit): Decompressor {
  return new PushDecompressor(init, true);
}

/** The backend for gzip that this runtime takes when none is named. */
export function gunzipBackend(): GunzipBackend {
  return inflateBackend();
}

/** The one implementation of {@link Decompressor}. With `recycle` off, the bytes given out are the receiver's own. */
export class PushDecompressor implements Decompressor {
  readonly #init: DecompressorInit;
  readonly #recycle: boolean;
  #format: CompressionFormat | undefined;
  /** The first bytes, while they do not tell the format. */
  #head: Uint8Array = NOTHING;
  #decoder: Decoder | undefined;
  #bytesIn = 0;
  #bytesOut = 0;
  #busy = false;
  /** Why no more calls are taken. */
  #closed: { readonly reason: unknown } | undefined;

  constructor(init: DecompressorInit, recycle: boolean) {
    this.#init = init;
    this.#recycle = recycle;
  }

  get format(): CompressionFormat | undefined {
    return this.#format;
  }

  get bytesIn(): number {
    return this.#bytesIn;
  }

  get bytesOut(): number {
    return this.#bytesOut;
  }

  write(bytes: Bytes): Promise<void> {
    return handled(
      this.#guard(async () => {
        this.#bytesIn += bytes.length;
        if (this.#decoder !== undefined) {
          if (bytes.length > 0) await this.#decoder.write(bytes);
          return;
        }
        const head = concat(this.#head, bytes);
        const format = detectFormat(head);
        if (format === undefined) this.#head = head.slice();
        else await this.#begin(format, head);
      }),
    );
  }

  end(): Promise<void> {
    return handled(
      this.#guard(async () => {
        if (this.#decoder === undefined) {
          // There were too few bytes for a magic number.
          const { format } = this.#init;
          if (format !== undefined) throw invalidStream(format, 'unexpected end of file');
          await this.#begin('plain', this.#head);
        }
        await this.#decoder?.end();
      }).then(() => {
        this.#close(misuse('the decompressor has ended'));
      }),
    );
  }

  cancel(): Promise<void> {
    this.#close(misuse('the decompressor was cancelled'));
    return Promise.resolve();
  }

  async #begin(format: CompressionFormat, head: Uint8Array): Promise<void> {
    this.#format = format;
    this.#head = NOTHING;
    const wanted = this.#init.format ?? format;
    if (format !== wanted) {
      throw new StowageError('INVALID_ARCHIVE', `not a ${wanted} stream: it looks like ${format}`);
    }
    const decoder = await this.#createDecoder(format);
    if (this.#closed === undefined) this.#decoder = decoder;
    else decoder.free(this.#closed.reason);
    if (head.length > 0) await this.#decoder?.write(head);
  }

  async #createDecoder(format: CompressionFormat): Promise<Decoder> {
    const emit: Emit = (bytes) => {
      this.#emit(bytes);
    };
    switch (format) {
      case 'gzip': {
        const backend = this.#init.gunzipBackend ?? gunzipBackend();
        if (backend === 'zlib') return (await import('./gzip-node.ts')).createNodeGzipDecoder(emit);
        return createGzipDecoder(
          this.#recycle
            ? emit
            : (bytes) => {
                emit(bytes.slice());
              },
          backend,
        );
      }
      case 'zstd':
        return (await import('./zstd-node.ts')).createNodeZstdDecoder(emit);
      case 'plain':
        return { write: emit, end: () => undefined, free: () => undefined };
      case 'bzip2':
      case 'xz':
        throw new StowageError('UNSUPPORTED', `cannot decompress ${format}`);
    }
  }

  #emit(bytes: Uint8Array): void {
    // Output may still come after onOutput has cancelled.
    this.#throwIfClosed();
    this.#bytesOut += bytes.length;
    checkOutput(this.#bytesIn, this.#bytesOut, this.#init);
    this.#init.onOutput(bytes);
  }

  /** Runs one call, and only one at a time. */
  async #guard(run: () => Promise<void>): Promise<void> {
    this.#throwIfClosed();
    if (this.#busy) throw misuse('the decompressor is busy: await each call before the next');
    this.#busy = true;
    try {
      await run();
    } catch (error) {
      this.#close(error);
    }
    this.#busy = false;
    this.#throwIfClosed();
  }

  /** Takes no more calls and frees what is held. The first reason stays. */
  #close(reason: unknown): void {
    if (this.#closed !== undefined) return;
    this.#closed = { reason };
    this.#decoder?.free(reason);
    this.#decoder = undefined;
    this.#head = NOTHING;
  }

  #throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closed.reason;
  }
}

/** Marks a rejection as handled: a caller that drops the promise meets the same failure in the next call. */
function handled(result: Promise<void>): Promise<void> {
  result.catch(() => undefined);
  return result;
}

function concat(head: Uint8Array, bytes: Uint8Array): Uint8Array {
  if (head.length === 0) return bytes;
  const both = new Uint8Array(head.length + bytes.length);
  both.set(head);
  both.set(bytes, head.length);
  return both;
}

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
