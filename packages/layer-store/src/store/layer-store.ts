import { chainId as chainIdOf, iterate } from '@stowage/core';
import type { WorkerPool } from '@stowage/core';
import { asDigest, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ByteStream,
  Bytes,
  ChainID,
  Descriptor,
  DiffID,
  Ingest,
  Layer,
  LayerMetadata,
  LayerScan,
  LayerStore,
  RegisterBlobOptions,
  ScannedLayer,
  Storage,
} from '@stowage/types';
import { LayerGraph, MAX_DEPTH } from './layer-graph.ts';
import type { LayerNode } from './layer-graph.ts';
import { checkLayerMediaType, layerMediaTypeOf } from './layer-media-types.ts';
import { beginScan } from '../layer/layer-scan.ts';
import { scanBlob } from '../layer/scan-blob.ts';
import type { FormatScan, ScanInit } from '../layer/layer-scan.ts';
import type { LayerLimits } from '../content/limits.ts';

/** What {@link openLayerStore} takes. */
export interface LayerStoreInit {
  /** Where blobs and records are. It stays the caller's to close. */
  readonly storage: Storage;
  readonly limits?: LayerLimits | undefined;
  /**
   * Whether workers inflate large layers, so that several cores are used: `true` for those that the process shares, or a
   * pool. Where no worker can be had, this thread does it. Default `true`.
   */
  readonly worker?: boolean | WorkerPool | undefined;
}

/**
 * Opens the layers of a storage. Layers that were registered before are there again, without holds; a record that is
 * damaged, or whose blob is gone, is as if it were not there.
 *
 * A layer that is removed loses its record. Its blob stays for whoever collects garbage: other layers, or an index
 * that this store knows nothing of, may need the same bytes. Several stores may be open on one storage, in one process
 * or in many; but a hold is known only to the store that gave it.
 *
 * @param init the storage, and limits on layers
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const layers = await openLayerStore({ storage: createMemoryStorage() });
 * const tar = createTarWriter();
 * const parts = tar.entry({ name: 'etc/motd' }, new TextEncoder().encode('hello'));
 * const layer = await layers.register(streamOf(...parts, tar.end()));
 * for await (const entry of layer.entries()) console.log(entry.path, entry.size); // etc/motd 5
 * await layers.release(layer);
 * ```
 */
export async function openLayerStore(init: LayerStoreInit): Promise<LayerStore> {
  const store = new StorageLayerStore(init);
  await store.map();
  return store;
}

class StorageLayerStore implements LayerStore {
  readonly #storage: Storage;
  readonly #scans: ScanInit;
  readonly #graph: LayerGraph;

  constructor({ storage, limits = {}, worker = true }: LayerStoreInit) {
    this.#storage = storage;
    this.#scans = { limits, worker };
    this.#graph = new LayerGraph(storage, this.#scans);
  }

  async scan(descriptor: Descriptor): Promise<LayerScan> {
    checkLayerMediaType(descriptor.mediaType);
    const scan = await beginScan(this.#scans, descriptor.size);
    return {
      write: (bytes, options) => scan.write(bytes, options),
      end: async () => {
        const scanned = await scan.end();
        return { ...scanned, seekIndex: await scan.seekIndex(descriptor) };
      },
      cancel: () => scan.cancel(),
    };
  }

  async register(stream: ByteStream, parent?: ChainID, options: AbortOptions = {}): Promise<Layer> {
    try {
      options.signal?.throwIfAborted();
      return await this.#onTopOf(parent, options, async (beneath) => {
        const { descriptor, scanned } = await this.#ingest(stream, options);
        return this.#add(descriptor, scanned, beneath, options);
      });
    } catch (error) {
      // A stream that was read, or is somebody else's, cannot be cancelled and need not be.
      await stream.cancel(error).catch(ignore);
      throw error;
    }
  }

  async registerBlob(
    descriptor: Descriptor,
    parent?: ChainID,
    options: RegisterBlobOptions = {},
  ): Promise<Layer> {
    options.signal?.throwIfAborted();
    checkLayerMediaType(descriptor.mediaType);
    return this.#onTopOf(parent, options, async (beneath) => {
      const { size } = await this.#storage.content.info(descriptor.digest, options);
      if (size !== descriptor.size) {
        throw new StowageError(
          'SIZE_MISMATCH',
          `layer ${descriptor.digest} has ${size} bytes, its descriptor says ${descriptor.size}`,
        );
      }
      const scanned =
        options.scanned ?? (await scanBlob(this.#storage.content, descriptor, this.#scans, options));
      if (options.diffId !== undefined && options.diffId !== scanned.diffId) {
        throw new StowageError(
          'DIGEST_MISMATCH',
          `invalid diffID for layer ${descriptor.digest}: expected "${options.diffId}", got "${scanned.diffId}"`,
        );
      }
      return this.#add(descriptor, scanned, beneath, options);
    });
  }

  get(chainId: ChainID, options: AbortOptions = {}): Promise<Layer> {
    return this.#graph.get(chainId, options);
  }

  async map(options: AbortOptions = {}): Promise<ReadonlyMap<ChainID, LayerMetadata>> {
    const list = await this.#graph.list(options);
    return new Map(list.map((metadata) => [metadata.chainId, metadata]));
  }

  release(layer: Layer, options: AbortOptions = {}): Promise<readonly LayerMetadata[]> {
    return this.#graph.release(layer, options);
  }

  /** Holds the parent for as long as the work on top of it takes. */
  async #onTopOf(
    parent: ChainID | undefined,
    options: AbortOptions,
    work: (beneath: LayerNode | undefined) => Promise<Layer>,
  ): Promise<Layer> {
    if (parent === undefined) return work(undefined);
    const held = await this.#graph.get(parent, options);
    try {
      const beneath = this.#graph.nodeOf(held);
      if (beneath.depth >= MAX_DEPTH) throw new StowageError('LIMIT_EXCEEDED', 'max depth exceeded');
      return await work(beneath);
    } finally {
      await this.#graph.release(held, {});
    }
  }

  async #add(
    descriptor: Descriptor,
    scanned: ScannedLayer,
    beneath: LayerNode | undefined,
    options: AbortOptions,
  ): Promise<Layer> {
    const { diffSize, seekIndex } = scanned;
    const diffId = asDigest(scanned.diffId) as DiffID;
    if (!Number.isSafeInteger(diffSize) || diffSize < 0) {
      throw new StowageError('INVALID_ARGUMENT', `not a size in bytes: ${diffSize}`);
    }
    const chainId = chainIdOf(beneath === undefined ? [diffId] : [beneath.metadata.chainId, diffId]);
    return this.#graph.add(chainId, { diffId, diffSize, descriptor, seekIndex }, beneath, options);
  }

  /** Stores a stream as it comes, under a name that nobody else uses, and scans it on the way. */
  async #ingest(
    stream: ByteStream,
    options: AbortOptions,
  ): Promise<{ readonly descriptor: Descriptor; readonly scanned: ScannedLayer }> {
    const { content } = this.#storage;
    const ref = `layer-${randomHex()}`;
    const scan = await beginScan(this.#scans);
    const ingest = await content.ingest(ref, options);
    try {
      for await (const bytes of iterate(stream, options)) await writeBoth(scan, ingest, bytes, options);
      const scanned = await scan.end();
      const { digest, size } = await ingest.commit(options);
      const descriptor = { mediaType: layerMediaTypeOf(scan.format), digest, size };
      return { descriptor, scanned: { ...scanned, seekIndex: await scan.seekIndex(descriptor) } };
    } catch (error) {
      await scan.cancel();
      await ingest.close().catch(ignore);
      await content.abort(ref).catch(ignore);
      throw error;
    }
  }
}

/** Waits for both even when one fails, so that nobody uses the bytes any more afterwards. */
async function writeBoth(
  scan: FormatScan,
  ingest: Ingest,
  bytes: Bytes,
  options: AbortOptions,
): Promise<void> {
  const results = await Promise.allSettled([scan.write(bytes, options), ingest.write(bytes, options)]);
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

function randomHex(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}

/** The error that matters is the one being thrown. */
function ignore(): void {
  // Nothing to do.
}
