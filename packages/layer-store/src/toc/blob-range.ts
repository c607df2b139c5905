import { collect } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ContentReader, Descriptor } from '@stowage/types';

/** A blob of which parts are read. */
export interface Blob {
  readonly content: Pick<ContentReader, 'open'>;
  readonly descriptor: Descriptor;
}

/** Bytes `offset` to `offset + length` of a blob in memory: one request. `DATA_LOSS` where there are not as many. */
export async function readPart(
  { content, descriptor }: Blob,
  offset: number,
  length: number,
  options: AbortOptions,
): Promise<Bytes> {
  const stream = await content.open(descriptor.digest, { ...options, offset, length });
  const bytes = await collect(stream, { ...options, maxBytes: length });
  if (bytes.length < length) throw endsEarly(descriptor, length - bytes.length);
  return bytes;
}

/** A run of bytes of a blob on its way in: one request, from which one part after the other is taken. */
export class BlobRange {
  readonly #descriptor: Descriptor;
  readonly #reader: ReadableStreamDefaultReader<Bytes>;
  readonly #options: AbortOptions;
  /** What came and was not taken. */
  #rest: Bytes = new Uint8Array(0);
  #at: number;

  private constructor(
    descriptor: Descriptor,
    reader: ReadableStreamDefaultReader<Bytes>,
    at: number,
    options: AbortOptions,
  ) {
    this.#descriptor = descriptor;
    this.#reader = reader;
    this.#at = at;
    this.#options = options;
  }

  static async open(
    { content, descriptor }: Blob,
    start: number,
    end: number,
    options: AbortOptions,
  ): Promise<BlobRange> {
    const stream = await content.open(descriptor.digest, { ...options, offset: start, length: end - start });
    return new BlobRange(descriptor, stream.getReader(), start, options);
  }

  /** The bytes from `start` to `end`, both counted in the blob; what is before them is passed over. */
  async *take(start: number, end: number): AsyncGenerator<Bytes, void, undefined> {
    while (this.#at < end) {
      if (this.#rest.length === 0) {
        const { done, value } = await this.#reader.read();
        this.#options.signal?.throwIfAborted();
        if (done) throw endsEarly(this.#descriptor, end - this.#at);
        this.#rest = value;
      }
      const until = this.#at < start ? start : end;
      const piece = this.#rest.subarray(0, until - this.#at);
      this.#rest = this.#rest.subarray(piece.length);
      const wanted = this.#at >= start && piece.length > 0;
      this.#at += piece.length;
      if (wanted) yield piece;
    }
  }

  /** Lets go of what has not come yet. Of one that has failed there is nothing left to free. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => undefined);
  }
}

function endsEarly(descriptor: Descriptor, missing: number): StowageError {
  return new StowageError('DATA_LOSS', `blob ${descriptor.digest} ends ${missing} bytes too early`);
}
