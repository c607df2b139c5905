import { readTar } from '@stowage/core';
import type { AbortOptions, ByteStream, DiffID, LayerReader } from '@stowage/types';

/** Files of layers, by the layer that has their content and by where it begins in its tar. */
export class LayerFiles<T> {
  /** Two images may have one layer, each with its own hold on it. */
  readonly #layers = new Map<DiffID, { readonly layer: LayerReader; readonly files: Map<number, T> }>();

  /** What is known of a file; `make` says it where nothing is. */
  at(layer: LayerReader, offset: number, make: () => T): T {
    const { files } = this.#layers.get(layer.diffId) ?? { files: new Map<number, T>() };
    this.#layers.set(layer.diffId, { layer, files });
    let file = files.get(offset);
    if (file === undefined) files.set(offset, (file = make()));
    return file;
  }

  /**
   * The files with their content, layer by layer, in the order of the tar: each layer is read once, up to its last file.
   * A body must be read before the next file is asked for, as far as it is wanted.
   */
  async *contents(
    options: AbortOptions = {},
  ): AsyncGenerator<{ readonly file: T; readonly body: ByteStream }, void, undefined> {
    for (const { layer, files } of this.#layers.values()) {
      let left = files.size;
      const tar = await layer.tarStream(options);
      const reader = tar.pipeThrough(readTar()).getReader();
      try {
        while (left > 0) {
          const { done, value } = await reader.read();
          if (done) break;
          options.signal?.throwIfAborted();
          const file = value.header.type === 'file' ? files.get(value.header.offset) : undefined;
          if (file === undefined) continue;
          left--;
          yield { file, body: value.body };
        }
      } finally {
        // Of one that has ended or failed there is nothing left to free.
        await reader.cancel().catch(() => undefined);
      }
    }
  }
}
