import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';
import type { CompressionFormat } from '../inflate/compression-format.ts';
import type { DecompressorInit } from './decompress-options.ts';
import { FormatDecoder } from './format-decoder.ts';

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

/**
 * Makes a decompressor that takes a stream in pieces of any size and gives its output to `onOutput`. The first bytes
 * decide: gzip (RFC 1952, any number of members), zstd (RFC 8878, any number of frames, no
 * dictionaries), and everything else as it is. bzip2 and xz are recognised and refused. An empty stream is complete and has
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
  return new PushDecompressor(init);
}

/** The one implementation of {@link Decompressor}: lets one call at a time at a decoder, until it has ended or failed. */
class PushDecompressor implements Decompressor {
  readonly #decoder: FormatDecoder;
  #busy = false;
  /** Why no more calls are taken. */
  #closed: { readonly reason: unknown } | undefined;

  constructor(init: DecompressorInit) {
    this.#decoder = new FormatDecoder(init);
  }

  get format(): CompressionFormat | undefined {
    return this.#decoder.format;
  }

  get bytesIn(): number {
    return this.#decoder.bytesIn;
  }

  get bytesOut(): number {
    return this.#decoder.bytesOut;
  }

  write(bytes: Bytes): Promise<void> {
    return handled(this.#guard(() => this.#decoder.write(bytes)));
  }

  end(): Promise<void> {
    const ended = this.#guard(() => this.#decoder.end()).then(() => {
      this.#close(misuse('the decompressor has ended'));
    });
    return handled(ended);
  }

  cancel(): Promise<void> {
    this.#close(misuse('the decompressor was cancelled'));
    return Promise.resolve();
  }

  /** Runs one call, and only one at a time. */
  async #guard(run: () => void | Promise<void>): Promise<void> {
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
    this.#decoder.free(reason);
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

function misuse(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
