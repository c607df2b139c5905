import { digestBytes, streamOf } from '@stowage/core';
import { buildSeekIndex, openLayerStore, openSeekableLayer } from '@stowage/layer-store';
import type { LayerLimits } from '@stowage/layer-store';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, ChainID, Descriptor, Layer, LayerReader, LayerStore, Storage } from '@stowage/types';
import { expect } from 'vitest';
import { countingContent } from '../../../packages/layer-store/src/test-support/counting-content.ts';
import { codeOf, gzip } from '../../../packages/layer-store/src/test-support/layers.ts';

const PIECE = 999;

/** A layer store, and every way into it. */
export class WaysIn {
  readonly storage: Storage;
  readonly store: LayerStore;
  readonly #limits: LayerLimits;

  private constructor(storage: Storage, store: LayerStore, limits: LayerLimits) {
    this.storage = storage;
    this.store = store;
    this.#limits = limits;
  }

  static async open(limits: LayerLimits = {}): Promise<WaysIn> {
    const storage = createMemoryStorage();
    return new WaysIn(storage, await openLayerStore({ storage, limits, worker: false }), limits);
  }

  /** The codes that each way answers with to one tar stream on a parent; what is taken is let go of again. */
  async answers(tar: Bytes, parent?: ChainID): Promise<(string | undefined)[]> {
    const zipped = await gzip(tar);
    const descriptor = await this.#put(zipped);
    return [
      await codeOf(this.#scan(zipped, descriptor)),
      await codeOf(this.#release(this.store.register(streamOf(tar), parent))),
      await codeOf(this.#release(this.store.register(streamOf(zipped), parent))),
      await codeOf(this.#release(this.store.registerBlob(descriptor, parent))),
      await codeOf(
        buildSeekIndex({ content: this.storage.content, descriptor, limits: this.#limits, worker: false }),
      ),
    ];
  }

  /** Registers a stack, base first. */
  async register(tars: readonly Bytes[]): Promise<Layer[]> {
    const layers: Layer[] = [];
    for (const tar of tars) {
      layers.push(await this.store.register(streamOf(await gzip(tar)), layers.at(-1)?.chainId));
    }
    return layers;
  }

  /** There are so many layers, nothing is half done, and nobody holds a lock. */
  async expectClean(layers = 0): Promise<void> {
    expect((await this.store.map()).size).toBe(layers);
    for await (const { ref } of this.storage.content.ingests()) throw new Error(`left behind: ${ref}`);
    const lock = await this.storage.lock('layers', { signal: AbortSignal.timeout(10_000) });
    await lock[Symbol.asyncDispose]();
  }

  async #put(bytes: Bytes): Promise<Descriptor> {
    const ingest = await this.storage.content.ingest('blob');
    await ingest.write(bytes);
    const { digest, size } = await ingest.commit();
    return { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size };
  }

  async #scan(zipped: Bytes, descriptor: Descriptor): Promise<void> {
    const scan = await this.store.scan(descriptor);
    for (let at = 0; at < zipped.length; at += PIECE) await scan.write(zipped.subarray(at, at + PIECE));
    await scan.end();
  }

  async #release(registered: Promise<Layer>): Promise<void> {
    await this.store.release(await registered);
  }
}

/** A stack as it is read from a registry, by seek indexes: no store has it. */
export async function remotely(tars: readonly Bytes[]): Promise<LayerReader[]> {
  const layers: LayerReader[] = [];
  for (const tar of tars) {
    const blob = await gzip(tar);
    const content = countingContent(blob);
    const digest = await digestBytes(blob);
    const descriptor = { mediaType: MEDIA_TYPES.ociLayerGzip, digest, size: blob.length };
    const index = await buildSeekIndex({ content, descriptor, worker: false });
    layers.push(await openSeekableLayer({ content, descriptor, index }));
  }
  return layers;
}
