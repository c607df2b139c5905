import type { Bytes, ByteStream } from '@stowage/types';

/** Reads a stream by as many bytes at a time as are wanted. */
export class StreamCursor {
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  #rest: Bytes = new Uint8Array();
  #ended = false;

  constructor(stream: ByteStream) {
    this.#reader = stream.getReader();
  }

  /** The next bytes, `most` at most and none at the end. They are good until the next call. */
  async next(most: number): Promise<Bytes> {
    if (!(await this.#more())) return this.#rest;
    const bytes = this.#rest.subarray(0, most);
    this.#rest = this.#rest.subarray(bytes.byteLength);
    return bytes;
  }

  /** Fills a buffer; answers how many bytes it got, fewer than fit only at the end. */
  async fill(target: Bytes): Promise<number> {
    let filled = 0;
    while (filled < target.byteLength) {
      const bytes = await this.next(target.byteLength - filled);
      if (bytes.byteLength === 0) break;
      target.set(bytes, filled);
      filled += bytes.byteLength;
    }
    return filled;
  }

  /** Whether nothing follows. */
  async atEnd(): Promise<boolean> {
    return !(await this.#more());
  }

  /** Lets go of the stream. Never fails. */
  cancel(reason?: unknown): void {
    this.#reader.cancel(reason).catch(() => undefined);
  }

  async #more(): Promise<boolean> {
    while (this.#rest.byteLength === 0 && !this.#ended) {
      const { done, value } = await this.#reader.read();
      if (done) this.#ended = true;
      else this.#rest = value;
    }
    return this.#rest.byteLength > 0;
  }
}
