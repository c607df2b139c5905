import { streamFrom, streamOf } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ByteStream, Descriptor, DiffID, LayerEntry } from '@stowage/types';
import { cleanPath } from '../content/layer-entry.ts';
import type { TocKind, TocLayer } from './toc.ts';

/** What a table of contents was read into. */
export interface ListedLayerInit {
  readonly kind: TocKind;
  readonly diffId: DiffID;
  readonly descriptor: Descriptor;
  readonly verified: boolean;
  readonly entries: readonly LayerEntry[];
  /** The bytes `offset` to `offset + length`. Throws `INVALID_ARGUMENT` at once where there is no such part. */
  read(offset: number, length: number, options: AbortOptions): AsyncIterable<Bytes>;
}

/** A layer whose entries are in memory, and whose contents are read when they are asked for. */
export class ListedLayer implements TocLayer {
  readonly kind: TocKind;
  readonly diffId: DiffID;
  readonly descriptor: Descriptor;
  readonly verified: boolean;
  readonly #init: ListedLayerInit;

  constructor(init: ListedLayerInit) {
    this.kind = init.kind;
    this.diffId = init.diffId;
    this.descriptor = init.descriptor;
    this.verified = init.verified;
    this.#init = init;
  }

  entries(options: AbortOptions = {}): AsyncIterable<LayerEntry> {
    const { entries } = this.#init;
    return {
      [Symbol.asyncIterator]() {
        const iterator = entries[Symbol.iterator]();
        const next = (): Promise<IteratorResult<LayerEntry>> =>
          new Promise((resolve) => {
            options.signal?.throwIfAborted();
            resolve(iterator.next());
          });
        return { next };
      },
    };
  }

  async readRange(offset: number, length: number, options: AbortOptions = {}): Promise<ByteStream> {
    options.signal?.throwIfAborted();
    if (!isCount(offset) || !isCount(length)) {
      throw new StowageError('INVALID_ARGUMENT', `no such part of a layer: ${length} bytes at ${offset}`);
    }
    if (length === 0) return streamOf();
    return Promise.resolve(streamFrom(this.#init.read(offset, length, options)));
  }

  async readFile(path: string, options: AbortOptions = {}): Promise<ByteStream> {
    const wanted = cleanPath(path);
    const found = this.#init.entries.findLast((entry) => entry.path === wanted);
    if (found === undefined) throw new StowageError('NOT_FOUND', `no such file in the layer: ${path}`);
    if (found.type !== 'file') throw new StowageError('INVALID_ARGUMENT', `not a regular file: ${path}`);
    return this.readRange(found.offset, found.size, options);
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
