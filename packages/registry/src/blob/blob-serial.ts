import type { Bytes } from '@stowage/types';
import { wantedLength, wrongLength } from './blob-part.ts';
import type { BlobPart } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import type { OpenedBlob } from './blob-request.ts';
import { resumingSource } from './blob-resume.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import type { ReaderDeps } from '../session/requester.ts';

/** Asks for the next range when the last one has been read. */
export class SerialSource implements ByteSource {
  readonly #url: string;
  readonly #part: BlobPart;
  readonly #partSize: number;
  readonly #deps: ReaderDeps;
  readonly #end: number;
  readonly #ended = new AbortController();
  #current: ByteSource;
  /** Where the range that is read ends. */
  #next: number;
  /** How much of it is still to come. */
  #left = 0;

  constructor(first: OpenedBlob, url: string, part: BlobPart, partSize: number, deps: ReaderDeps) {
    this.#url = url;
    const signals = part.signal === undefined ? [] : [part.signal];
    this.#part = { ...part, signal: AbortSignal.any([...signals, this.#ended.signal]) };
    this.#partSize = partSize;
    this.#deps = deps;
    this.#next = part.offset;
    this.#end = part.offset + (wantedLength(part) ?? 0);
    this.#current = this.#begin(first, this.#nextPart());
  }

  async next(): Promise<Bytes | undefined> {
    for (;;) {
      const bytes = await this.#current.next();
      if (bytes !== undefined) {
        this.#left -= bytes.byteLength;
        return bytes;
      }
      if (this.#left !== 0) throw wrongLength(-this.#left);
      if (this.#next >= this.#end) return undefined;
      const part = this.#nextPart();
      const { requester } = this.#deps;
      this.#current = this.#begin(await requestBlob({ requester, url: this.#url, part }), part);
    }
  }

  cancel(reason?: unknown): void {
    this.#ended.abort(reason);
    this.#current.cancel(reason);
  }

  #nextPart(): BlobPart {
    const offset = this.#next;
    const length = Math.min(this.#partSize, this.#end - offset);
    this.#next += length;
    this.#left = length;
    return { ...this.#part, offset, length };
  }

  #begin(opened: OpenedBlob, part: BlobPart): ByteSource {
    return resumingSource(opened, this.#url, part, this.#deps);
  }
}
