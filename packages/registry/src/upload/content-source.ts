import { StowageError } from '@stowage/types';
import type { Bytes, ContentUpload, Digest } from '@stowage/types';
import type { PiecewiseBody } from '../transport/transport.ts';
import { StreamCursor } from './stream-cursor.ts';
import type { UploadSource } from './upload-source.ts';

/** The most bytes of one piece of a body. */
const PIECE = 256 * 1024;

/** Content that is known and can be read again. */
export class ContentSource implements UploadSource {
  readonly size: number;
  readonly #content: ContentUpload;
  #cursor: StreamCursor | undefined;
  #position = 0;
  #buffer: Bytes = new Uint8Array();
  #failure: { readonly error: unknown } | undefined;

  constructor(content: ContentUpload) {
    this.#content = content;
    this.size = content.size;
  }

  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  async take(offset: number, most: number): Promise<Bytes> {
    const length = Math.min(most, this.size - offset);
    if (length <= 0) return new Uint8Array();
    return await this.#reading(async () => {
      if (this.#cursor === undefined || this.#position !== offset) await this.#open(offset);
      if (this.#buffer.byteLength < length) this.#buffer = new Uint8Array(length);
      const target = this.#buffer.subarray(0, length);
      const filled = (await this.#cursor?.fill(target)) ?? 0;
      this.#position += filled;
      await this.#check(this.#cursor, filled === length);
      return target;
    });
  }

  endsAt(offset: number): boolean {
    return offset === this.size;
  }

  rest(offset: number): PiecewiseBody {
    const read = (): AsyncGenerator<Bytes> => this.#pieces(offset);
    return { size: this.size - offset, pieces: read };
  }

  digest(): Digest {
    return this.#content.digest;
  }

  checkpoint(offset: number): { readonly offset: number } {
    return { offset };
  }

  release(): void {
    this.#buffer = new Uint8Array();
  }

  close(reason?: unknown): void {
    this.#cursor?.cancel(reason);
    this.#cursor = undefined;
  }

  async *#pieces(offset: number): AsyncGenerator<Bytes> {
    await this.#reading(() => this.#open(offset));
    const cursor = this.#cursor;
    try {
      while (cursor !== undefined && this.#cursor === cursor) {
        const bytes = await this.#reading(async () => {
          const next = await cursor.next(PIECE);
          this.#position += next.byteLength;
          await this.#check(cursor, next.byteLength > 0 || this.#position === this.size);
          return next;
        });
        if (bytes.byteLength === 0) return;
        yield bytes;
      }
    } finally {
      if (cursor === this.#cursor) this.close();
    }
  }

  async #open(offset: number): Promise<void> {
    this.close();
    const stream = await this.#content.open(offset, { signal: this.#content.signal });
    this.#cursor = new StreamCursor(stream);
    this.#position = offset;
  }

  /** The content must be as long as it was said to be: the registry would only notice at the very end. */
  async #check(cursor: StreamCursor | undefined, enough: boolean): Promise<void> {
    if (!enough) throw mismatch(`fewer than ${String(this.size)} bytes`);
    const tooMany = this.#position > this.size || (this.#position === this.size && !(await cursor?.atEnd()));
    if (tooMany) throw mismatch(`more than ${String(this.size)} bytes`);
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }
}

function mismatch(what: string): StowageError {
  return new StowageError('SIZE_MISMATCH', `content to upload has ${what}`);
}
