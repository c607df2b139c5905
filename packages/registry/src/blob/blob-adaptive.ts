import type { Bytes } from '@stowage/types';
import { ParallelSource } from './blob-parallel.ts';
import { wantedLength } from './blob-part.ts';
import type { BlobPart } from './blob-part.ts';
import { requestBlob } from './blob-request.ts';
import type { OpenedBlob } from './blob-request.ts';
import { resumingSource } from './blob-resume.ts';
import { ConnectionClimb } from './connection-climb.ts';
import type { ByteSource } from '../transport/byte-source.ts';
import type { ReaderDeps } from '../session/requester.ts';

/** So large are the ranges that are fetched at the same time: each of them is held in memory. */
const PART_SIZE = 4 * 1024 * 1024;

/** Begins with one request for all, and goes over to several ranges at the same time where that makes it faster. */
export class AdaptiveSource implements ByteSource {
  readonly #url: string;
  readonly #part: BlobPart;
  readonly #deps: ReaderDeps;
  readonly #climb: ConnectionClimb;
  readonly #ended = new AbortController();
  readonly #end: number;
  #offset: number;
  #source: ByteSource;
  #parallel: ParallelSource | undefined;

  constructor(first: OpenedBlob, url: string, part: BlobPart, deps: ReaderDeps) {
    this.#url = url;
    this.#deps = deps;
    const signals = part.signal === undefined ? [] : [part.signal];
    this.#part = { ...part, signal: AbortSignal.any([...signals, this.#ended.signal]) };
    this.#offset = part.offset;
    this.#end = part.offset + (wantedLength(part) ?? 0);
    this.#climb = new ConnectionClimb(deps.clock);
    this.#source = resumingSource(first, url, part, deps);
  }

  async next(): Promise<Bytes | undefined> {
    const bytes = await this.#source.next();
    if (bytes === undefined) return undefined;
    this.#offset += bytes.byteLength;
    const connections = this.#climb.count(bytes.byteLength, this.#end - this.#offset);
    if (this.#parallel !== undefined) this.#parallel.connections = connections;
    else if (connections > 1) await this.#spread(connections);
    return bytes;
  }

  cancel(reason?: unknown): void {
    this.#ended.abort(reason);
    this.#source.cancel(reason);
  }

  /** Goes on in ranges. Where none can be had, the request that is under way goes on as if nothing had been asked. */
  async #spread(connections: number): Promise<void> {
    const { requester } = this.#deps;
    const part = { ...this.#part, offset: this.#offset, length: this.#end - this.#offset };
    const opened = await requestBlob({ requester, url: this.#url, part, atMost: PART_SIZE }).catch(
      () => undefined,
    );
    if (opened?.ranged !== true) {
      opened?.source.cancel();
      this.#climb.settle(1);
      return;
    }
    this.#source.cancel();
    const plan = { connections, partSize: PART_SIZE };
    this.#parallel = new ParallelSource(opened, this.#url, part, plan, this.#deps);
    this.#source = this.#parallel;
  }
}
