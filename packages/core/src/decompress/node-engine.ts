import type { Emit } from '../inflate/decoder.ts';

/** What we use of the streams of node:zlib. */
export interface ZlibStream {
  /** Compressed bytes that were used up. */
  readonly bytesWritten: number;
  on(event: 'data', listener: (chunk: Uint8Array) => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  write(chunk: Uint8Array, callback: () => void): unknown;
  end(): unknown;
  destroy(): unknown;
}

/** Big chunks make few trips to the thread pool and back. */
export const OUTPUT_CHUNK: number = 256 * 1024;

/**
 * Drives a decompressor of node:zlib as push calls. Node, Deno and Bun differ in what they report when: after an
 * error Deno calls back as if all were well and Node does not call back at all. So a call ends by the first of what
 * cannot be mistaken: all input used up, the `end` event, the `error` event.
 */
export class NodeEngine {
  readonly #stream: ZlibStream;
  /** Makes the error for callers out of one of the runtime. */
  readonly #translate: (error: Error) => unknown;
  #given = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  /** Ends the call that waits, if any. */
  #settle: (() => void) | undefined;

  constructor(stream: ZlibStream, emit: Emit, translate: (error: Error) => unknown) {
    this.#stream = stream;
    this.#translate = translate;
    stream.on('data', (chunk) => {
      if (this.#failure !== undefined) return;
      try {
        // Not as the Buffer that it is, whose slice() does not copy.
        emit(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      } catch (error) {
        this.free(error);
      }
    });
    stream.on('error', (error) => {
      this.free(this.#translate(error));
    });
    stream.on('end', () => {
      this.#ended = true;
      this.#settle?.();
    });
  }

  /**
   * Gives the engine bytes and waits until it has used them up, or has come to the end of what it understands.
   *
   * @returns how many of the bytes it left alone
   */
  async write(bytes: Uint8Array): Promise<number> {
    this.#given += bytes.length;
    await this.#wait(() => {
      this.#stream.write(bytes, () => {
        if (this.#left() === 0) this.#settle?.();
      });
    });
    return this.#left();
  }

  /** Ends the input and waits until everything was emitted. */
  async end(): Promise<void> {
    if (this.#ended) return;
    await this.#wait(() => {
      this.#stream.end();
    });
  }

  /** Frees the engine; a call that waits, and every later one, fails with `error`. Idempotent. */
  free(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    this.#stream.destroy();
    this.#settle?.();
  }

  #left(): number {
    return this.#given - this.#stream.bytesWritten;
  }

  async #wait(start: () => void): Promise<void> {
    this.#throwIfFreed();
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      start();
    });
    this.#settle = undefined;
    this.#throwIfFreed();
  }

  #throwIfFreed(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
