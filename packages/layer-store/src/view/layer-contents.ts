import { readTar } from '@stowage/core';
import type {
  AbortOptions,
  ByteStream,
  DiffID,
  LayerEntry,
  LayerReader,
  LayerTarReader,
} from '@stowage/types';
import { openContent } from '../content/layer-entry.ts';
import { openPart } from './open-part.ts';

/** A file of a layer, and what somebody wants to know of it. */
interface KnownFile<T> {
  readonly entry: LayerEntry;
  readonly file: T;
}

/** The files of one layer, by where each begins. */
interface FilesOfLayer<T> {
  readonly layer: LayerReader;
  readonly files: Map<number, KnownFile<T>>;
}

/** A file with its content. */
interface FileContent<T> {
  readonly file: T;
  readonly body: ByteStream;
}

/** Files of layers, by the layer that has their content and by where it begins in its tar. */
export class LayerFiles<T> {
  readonly #layers = new Map<DiffID | LayerReader, FilesOfLayer<T>>();

  /** What is known of a file; `make` says it where nothing is. */
  at(layer: LayerReader, entry: LayerEntry, make: () => T): T {
    // Two images may have one layer, each with its own hold on it. One that has no tar counts as it likes.
    const key = hasTar(layer) ? layer.diffId : layer;
    const { files } = this.#layers.get(key) ?? { files: new Map<number, KnownFile<T>>() };
    this.#layers.set(key, { layer, files });
    const known = files.get(entry.offset);
    if (known !== undefined) return known.file;
    const file = make();
    files.set(entry.offset, { entry, file });
    return file;
  }

  /**
   * The files with their content, layer by layer: each layer is read once, up to its last file, in the order of its tar;
   * one without a tar is read file by file. A body must be read before the next file is asked for, as far as it is wanted.
   */
  async *contents(options: AbortOptions = {}): AsyncGenerator<FileContent<T>, void, undefined> {
    for (const { layer, files } of this.#layers.values()) {
      if (hasTar(layer)) yield* contentsInTar(layer, files, options);
      else yield* contentsInParts(layer, files, options);
    }
  }
}

function hasTar(layer: LayerReader): layer is LayerTarReader {
  return layer.tarStream !== undefined;
}

async function* contentsInTar<T>(
  layer: LayerTarReader,
  files: FilesOfLayer<T>['files'],
  options: AbortOptions,
): AsyncGenerator<FileContent<T>, void, undefined> {
  let left = files.size;
  const tar = await layer.tarStream(options);
  const reader = tar.pipeThrough(readTar()).getReader();
  try {
    while (left > 0) {
      const { done, value } = await reader.read();
      if (done) break;
      options.signal?.throwIfAborted();
      const known = value.header.type === 'file' ? files.get(value.header.offset) : undefined;
      if (known === undefined) continue;
      left--;
      yield { file: known.file, body: value.body };
    }
  } finally {
    // Of one that has ended or failed there is nothing left to free.
    await reader.cancel().catch(() => undefined);
  }
}

async function* contentsInParts<T>(
  layer: LayerReader,
  files: FilesOfLayer<T>['files'],
  options: AbortOptions,
): AsyncGenerator<FileContent<T>, void, undefined> {
  // Next to each other in the tar, next to each other in the blob.
  const known = [...files.values()].sort((a, b) => a.entry.offset - b.entry.offset);
  for (const { entry, file } of known) {
    options.signal?.throwIfAborted();
    const whole = { offset: 0, length: entry.size };
    const body = await openContent(entry, whole, (offset, length) =>
      openPart(layer, offset, length, options),
    );
    yield { file, body };
    // Of one that was read there is nothing left to free.
    await body.cancel().catch(() => undefined);
  }
}
