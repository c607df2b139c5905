import { createDecompressor, createDigester, scanTar } from '@stowage/core';
import type { CompressionFormat } from '@stowage/core';
import type { DiffID, LayerScan } from '@stowage/types';
import { layerEntryOf } from './layer-entry.ts';
import { DEFAULT_LAYER_LIMITS } from './limits.ts';
import type { LayerLimits } from './limits.ts';

/** A scan that can also tell how its layer is compressed. */
export interface FormatScan extends LayerScan {
  /** `undefined` until the first bytes have told. */
  readonly format: CompressionFormat | undefined;
}

/** Begins a scan: what is written goes through the decompressor to the DiffID and to the tar scanner. */
export async function beginScan(limits: LayerLimits): Promise<FormatScan> {
  const digester = await createDigester();
  const tar = scanTar({
    onEntry: (header) => {
      layerEntryOf(header);
    },
    limits: limits.tar,
  });
  const decompressor = createDecompressor({
    maxBytes: limits.maxLayerBytes ?? DEFAULT_LAYER_LIMITS.maxLayerBytes,
    maxRatio: limits.maxRatio,
    onOutput: (bytes) => {
      digester.update(bytes);
      tar.write(bytes);
    },
  });
  return {
    get format() {
      return decompressor.format;
    },
    async write(bytes, options = {}) {
      options.signal?.throwIfAborted();
      await decompressor.write(bytes);
    },
    async end() {
      await decompressor.end();
      tar.end();
      return { diffId: digester.digest() as DiffID, diffSize: decompressor.bytesOut };
    },
    cancel: () => decompressor.cancel(),
  };
}
