import { createDigester, createLayerStage, decompress, iterate, scanTar, streamOf } from '@stowage/core';
import type { TarLimits } from '@stowage/core';
import { isStowageError, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  ContentReader,
  Descriptor,
  DiffID,
  LayerEntry,
} from '@stowage/types';
import { dataLoss } from '../content/data-loss.ts';
import type { LayerCache } from '../content/layer-cache.ts';
import { cleanPath, costOf, layerEntryOf, openContent } from '../content/layer-entry.ts';
import { sliceStream } from '../content/slice-stream.ts';
import type { ByteSource } from '../content/slice-stream.ts';
import type { SeekPoints } from '../seek/seek-index.ts';
import { workerFor } from './worker-for.ts';
import type { WorkerChoice } from './worker-for.ts';

/** What a seek index says of a layer, each `undefined` where there is none that counts. */
export interface LayerIndex {
  entries(options?: AbortOptions): Promise<readonly LayerEntry[] | undefined>;
  points(options?: AbortOptions): Promise<SeekPoints | undefined>;
}

/** What is read when a layer is read. */
export interface LayerContentInit {
  readonly content: Pick<ContentReader, 'open'>;
  readonly descriptor: Descriptor;
  readonly diffId: DiffID;
  /** Uncompressed bytes. */
  readonly diffSize: number;
  readonly entryCache: LayerCache<readonly LayerEntry[]>;
  /** What is known of the layer without inflating it. */
  readonly index?: LayerIndex | undefined;
  readonly tarLimits: TarLimits | undefined;
  readonly worker: WorkerChoice;
}

/** Reads a layer's blob: as a tar stream, entry by entry, or a part of it. */
export class LayerContent {
  readonly #init: LayerContentInit;

  constructor(init: LayerContentInit) {
    this.#init = init;
  }

  /** The tar stream, verified at its end. */
  async tarStream(options: AbortOptions = {}): Promise<ByteStream> {
    const { diffId } = this.#init;
    const digester = await createDigester();
    const source = await this.#inflate(options);
    return new ReadableStream<Bytes>(
      {
        pull: async (controller) => {
          const { done, value } = await source.read();
          if (!done) {
            digester.update(value);
            controller.enqueue(value);
          } else if (digester.digest() === diffId) {
            controller.close();
          } else {
            throw dataLoss(diffId);
          }
        },
        cancel: (reason) => source.cancel(reason),
      },
      { highWaterMark: 0 },
    );
  }

  /** The same, given to `take`: inflated in a worker, without a copy. */
  async tarTo(take: (bytes: Bytes) => Promise<void>, options: AbortOptions = {}): Promise<void> {
    const { content, descriptor, diffId, diffSize, worker } = this.#init;
    let refusal: { readonly error: unknown } | undefined;
    const stage = await createLayerStage({
      ...options,
      digestAlgorithm: 'none',
      maxBytes: diffSize,
      worker: workerFor(descriptor.size, worker),
      onOutput: (bytes) =>
        take(bytes).catch((error: unknown) => {
          refusal = { error };
          throw error;
        }),
    });
    try {
      const blob = await content.open(descriptor.digest, options);
      for await (const bytes of iterate(blob, options)) await stage.write(bytes);
      if ((await stage.end()).diffId !== diffId) throw dataLoss(diffId);
    } catch (error) {
      throw refusal === undefined ? asDataLoss(error, diffId) : error;
    } finally {
      stage.cancel();
    }
  }

  /**
   * The entries in the order of the tar stream: those of the index, or of the blob, which is verified once all have been
   * seen.
   */
  async *entries(options: AbortOptions = {}): AsyncGenerator<LayerEntry, void, undefined> {
    const { entryCache, diffId, index } = this.#init;
    options.signal?.throwIfAborted();
    const cached = entryCache.get(diffId);
    if (cached !== undefined) {
      yield* cached;
      return;
    }
    const indexed = await index?.entries(options);
    if (indexed === undefined) {
      yield* this.#scan(options);
      return;
    }
    entryCache.set(
      diffId,
      indexed,
      indexed.reduce((cost, entry) => cost + costOf(entry), 0),
    );
    yield* indexed;
  }

  async *#scan(options: AbortOptions): AsyncGenerator<LayerEntry, void, undefined> {
    const { entryCache, diffId, tarLimits } = this.#init;
    let fresh: LayerEntry[] = [];
    const all: LayerEntry[] = [];
    let cost = 0;
    const scanner = scanTar({ onEntry: (header) => fresh.push(layerEntryOf(header)), limits: tarLimits });
    for await (const bytes of iterate(await this.tarStream(options), options)) {
      scanner.write(bytes);
      if (fresh.length === 0) continue;
      const batch = fresh;
      fresh = [];
      for (const entry of batch) {
        cost += costOf(entry);
        if (cost <= entryCache.maxCost) all.push(entry);
        yield entry;
      }
    }
    scanner.end();
    entryCache.set(diffId, all, cost);
  }

  /** The content of a file. Where the tar stream has a path twice, the later one counts, as when it is unpacked. */
  async readFile(path: string, options: AbortOptions = {}): Promise<ByteStream> {
    const wanted = cleanPath(path);
    let found: LayerEntry | undefined;
    for await (const entry of this.entries(options)) if (entry.path === wanted) found = entry;
    if (found === undefined) throw new StowageError('NOT_FOUND', `no such file in the layer: ${path}`);
    if (found.type !== 'file') throw new StowageError('INVALID_ARGUMENT', `not a regular file: ${path}`);
    const range = { offset: 0, length: found.size };
    return openContent(found, range, (offset, length) => this.readRange(offset, length, options));
  }

  /** A part of the tar stream, not verified. Nothing after it is read. */
  async readRange(offset: number, length: number, options: AbortOptions = {}): Promise<ByteStream> {
    const { content, descriptor, diffId, index } = this.#init;
    options.signal?.throwIfAborted();
    if (length === 0) return streamOf();
    // A blob that is its own tar stream can be entered anywhere.
    if ((descriptor.digest as string) === diffId) {
      return content.open(descriptor.digest, { ...options, offset, length });
    }
    const points = await index?.points(options);
    if (points !== undefined) {
      const { openSpan } = await import('../seek/open-span.ts');
      return openSpan(content, points, offset, length, options);
    }
    return sliceStream(await this.#inflate(options), offset, length);
  }

  async #inflate(options: AbortOptions): Promise<ByteSource> {
    const { content, descriptor, diffId, diffSize } = this.#init;
    const { signal } = options;
    const blob = await content.open(descriptor.digest, options);
    const stage = decompress({ maxBytes: diffSize });
    const reader = blob.pipeThrough(stage, signal === undefined ? {} : { signal }).getReader();
    return {
      read: async () => {
        try {
          return await reader.read();
        } catch (error) {
          throw asDataLoss(error, diffId);
        }
      },
      cancel: (reason) => reader.cancel(reason),
    };
  }
}

/** The blob was good when it was registered: if it cannot be decompressed now, something has happened to it. */
function asDataLoss(error: unknown, diffId: DiffID): unknown {
  const damaged = isStowageError(error, 'INVALID_ARCHIVE') || isStowageError(error, 'LIMIT_EXCEEDED');
  return damaged ? dataLoss(diffId, error) : error;
}
