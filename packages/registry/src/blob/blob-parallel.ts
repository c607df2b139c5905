import type { Bytes } from '@stowage/types';
import { wantedLength, wrongLength } from './blob-part.ts';
import type { BlobPart, PartPlan } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import type { OpenedBlob } from './blob-request.ts';
import { resumingSource } from './blob-resume.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import type { ReaderDeps } from '../session/requester.ts';

/** Asks for several ranges at the same time. How many may change; what is under way comes all the same. */
export class ParallelSource implements ByteSource {
  readonly #url: string;
  readonly #part: BlobPart;
  readonly #partSize: number;
  readonly #deps: ReaderDeps;
  connections: number;
  /** The ranges under way, in order. */
  readonly #ranges: BufferedRange[] = [];
  readonly #ended = new AbortController();
  /** Where the next range begins, and where the last one ends. */
  #next: number;
  readonly #end: number;

  constructor(first: OpenedBlob, url: string, part: BlobPart, plan: PartPlan, deps: ReaderDeps) {
    this.#url = url;
    this.#partSize = plan.partSize;
    this.connections = plan.connections;
    this.#deps = deps;
    const { offset, signal } = part;
    const signals = signal === undefined ? [] : [signal];
    this.#part = { ...part, signal: AbortSignal.any([...signals, this.#ended.signal]) };
    this.#next = offset;
    this.#end = offset + (wantedLength(part) ?? 0);
    this.#begin(first);
    this.#fill();
  }

  async next(): Promise<Bytes | undefined> {
    for (let range = this.#ranges[0]; range !== undefined; range = this.#ranges[0]) {
      const bytes = await range.next();
      if (bytes !== undefined) return bytes;
      this.#ranges.shift();
      this.#fill();
    }
    return undefined;
  }

  cancel(reason?: unknown): void {
    this.#ended.abort(reason);
    for (const range of this.#ranges) range.cancel(reason);
  }

  #fill(): void {
    while (this.#ranges.length < this.connections && this.#next < this.#end) this.#begin();
  }

  /** Begins the next range; the first one has been asked for already. */
  #begin(opened?: OpenedBlob): void {
    const offset = this.#next;
    const length = Math.min(this.#partSize, this.#end - offset);
    this.#next += length;
    const part = { ...this.#part, offset, length };
    const { requester } = this.#deps;
    const open = async (): Promise<ByteSource> => {
      const blob = opened ?? (await requestBlob({ requester, url: this.#url, part }));
      return resumingSource(blob, this.#url, part, this.#deps);
    };
    this.#ranges.push(new BufferedRange(open(), length));
  }
}

/** A range that is read as fast as it comes, whether or not anybody takes it yet: it is small enough to be kept. */
class BufferedRange implements ByteSource {
  readonly #chunks: Bytes[] = [];
  readonly #length: number;
  #source: ByteSource | undefined;
  #cancelled = false;
  #outcome: { readonly error?: unknown } | undefined;
  #wake = (): void => undefined;

  constructor(source: Promise<ByteSource>, length: number) {
    this.#length = length;
    void this.#run(source);
  }

  async next(): Promise<Bytes | undefined> {
    while (this.#chunks.length === 0 && this.#outcome === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const bytes = this.#chunks.shift();
    if (bytes !== undefined || this.#outcome === undefined) return bytes;
    if ('error' in this.#outcome) throw this.#outcome.error;
    return undefined;
  }

  cancel(reason?: unknown): void {
    this.#cancelled = true;
    this.#source?.cancel(reason);
  }

  async #run(opening: Promise<ByteSource>): Promise<void> {
    try {
      const source = await opening;
      this.#source = source;
      if (this.#cancelled) source.cancel();
      await this.#readAll(source);
      this.#outcome = {};
    } catch (error) {
      this.#outcome = { error };
    }
    this.#wake();
  }

  async #readAll(source: ByteSource): Promise<void> {
    let length = 0;
    for (let bytes = await source.next(); bytes !== undefined; bytes = await source.next()) {
      length += bytes.byteLength;
      this.#chunks.push(bytes);
      this.#wake();
    }
    if (length !== this.#length) throw wrongLength(length - this.#length);
  }
}
