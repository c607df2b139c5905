import { streamFrom } from '@stowage/core';
import type {
  AbortOptions,
  Bytes,
  ByteStream,
  ChainID,
  Descriptor,
  DiffID,
  Layer,
  LayerEntry,
  LayerMetadata,
} from '@stowage/types';
import { notAParent } from '../content/empty-layer.ts';
import type { LayerContent } from '../layer/layer-content.ts';
import { mergedTar } from '../tree/merged-tar.ts';

/** One hold on a layer of a store, or the layer as seen from the one above it. */
export class StoredLayer implements Layer {
  readonly chainId: ChainID;
  readonly diffId: DiffID;
  readonly size: number;
  readonly diffSize: number;
  readonly descriptor: Descriptor;
  readonly parent: Layer | undefined;
  readonly #content: LayerContent;

  constructor(
    metadata: LayerMetadata,
    descriptor: Descriptor,
    parent: Layer | undefined,
    content: LayerContent,
  ) {
    this.chainId = metadata.chainId;
    this.diffId = metadata.diffId;
    this.size = metadata.size;
    this.diffSize = metadata.diffSize;
    this.descriptor = descriptor;
    this.parent = parent;
    this.#content = content;
  }

  tarStream(options?: AbortOptions): Promise<ByteStream> {
    return this.#content.tarStream(options);
  }

  tarTo(take: (bytes: Bytes) => Promise<void>, options?: AbortOptions): Promise<void> {
    return this.#content.tarTo(take, options);
  }

  async tarStreamFrom(parent?: ChainID, options?: AbortOptions): Promise<ByteStream> {
    options?.signal?.throwIfAborted();
    if (parent === this.parent?.chainId) return await this.tarStream(options);
    const stack: Layer[] = [this];
    for (let at = this.parent; at !== undefined; at = at.parent) stack.unshift(at);
    const beneath = stack.findIndex(({ chainId }) => chainId === parent) + 1;
    if (parent !== undefined && (beneath === 0 || beneath === stack.length)) throw notAParent(parent);
    return streamFrom(mergedTar(stack, beneath, options));
  }

  entries(options?: AbortOptions): AsyncIterable<LayerEntry> {
    return this.#content.entries(options);
  }

  readFile(path: string, options?: AbortOptions): Promise<ByteStream> {
    return this.#content.readFile(path, options);
  }

  readRange(offset: number, length: number, options?: AbortOptions): Promise<ByteStream> {
    return this.#content.readRange(offset, length, options);
  }
}
