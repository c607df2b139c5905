import { chainId, createDecompressor, createDigester, decompress } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { ChainID, ContentStore, DiffID, Layer, LayerScan, LayerStore } from '@stowage/types';

/** Layers that are blobs of a content store: as much of a layer store as archives need. */
export function createTarLayerStore(content: ContentStore): LayerStore {
  const layers = new Map<ChainID, Layer>();
  const unused = (): never => {
    throw new Error('archives have no use for this');
  };
  return {
    scan: () => beginScan(),
    get: (id) => {
      const layer = layers.get(id);
      if (layer !== undefined) return Promise.resolve(layer);
      return Promise.reject(new StowageError('NOT_FOUND', 'layer does not exist'));
    },
    registerBlob: (descriptor, below, options) => {
      const { diffId, diffSize } = options?.scanned ?? unused();
      const parent = below === undefined ? undefined : layers.get(below);
      const id = chainId(below === undefined ? [diffId] : [below, diffId]);
      const layer: Layer = {
        chainId: id,
        diffId,
        size: diffSize + (parent?.size ?? 0),
        diffSize,
        parent,
        descriptor,
        tarStream: async (how) => (await content.open(descriptor.digest, how)).pipeThrough(decompress()),
        tarTo: unused,
        tarStreamFrom: unused,
        entries: unused,
        readFile: unused,
      };
      layers.set(id, layer);
      return Promise.resolve(layer);
    },
    release: () => Promise.resolve([]),
    map: () => Promise.resolve(layers),
    register: unused,
  };
}

async function beginScan(): Promise<LayerScan> {
  const digester = await createDigester();
  let diffSize = 0;
  const decompressor = createDecompressor({
    onOutput: (bytes) => {
      // Enough to tell a layer from a document.
      if (diffSize === 0 && bytes[0] === 0x7b) throw new StowageError('INVALID_ARCHIVE', 'no tar');
      digester.update(bytes);
      diffSize += bytes.length;
    },
  });
  return {
    write: (bytes) => decompressor.write(bytes),
    end: async () => {
      await decompressor.end();
      return { diffId: digester.digest() as DiffID, diffSize };
    },
    cancel: () => decompressor.cancel(),
  };
}
