import { StowageError } from '@stowage/types';
import type { Bytes, ContentReader, Descriptor, DiffID, LayerReader, LayerTarReader } from '@stowage/types';
import { LayerCache } from '../content/layer-cache.ts';
import { decodeSeekIndex } from '../seek/decode-seek-index.ts';
import type { SeekIndex } from '../seek/seek-index.ts';
import { LayerContent } from './layer-content.ts';

/** What {@link openSeekableLayer} takes. */
export interface SeekableLayerInit {
  /** Where the blob is: a store, or the `blobs` of a repository, which reads it by ranges. */
  readonly content: Pick<ContentReader, 'open'>;
  /** The blob. */
  readonly descriptor: Descriptor;
  /** What was kept of it, in its form or decoded. */
  readonly index: Bytes | SeekIndex;
  /** What the layer must be, where that is known. */
  readonly diffId?: DiffID | undefined;
}

/** A layer that is read where it is, as far as it is looked at. */
export interface SeekableLayer extends Required<LayerReader & LayerTarReader> {
  /** Uncompressed bytes of this layer. */
  readonly diffSize: number;
  /** The blob that is read. */
  readonly descriptor: Descriptor;
}

/**
 * Opens a layer by its seek index, wherever its blob is: no store of layers is needed, and nothing is downloaded but what
 * is read. `openImageView` takes it beside layers of a store. Entries are those of the index; files are decompressed from
 * the checkpoint before them, in one range of the blob, and are not verified: only `tarStream` and `tarTo`, which read
 * everything, are.
 *
 * @param init the blob, where it is, and its index
 * @throws `INVALID_ARCHIVE`, `UNSUPPORTED` and `LIMIT_EXCEEDED` for an index that cannot be read; `DIGEST_MISMATCH` for one
 *   of another blob, or of another layer
 *
 * @example
 * ```ts
 * import { collect, createTarWriter, digestBytes, gzip, streamOf } from '@stowage/core';
 * import { buildSeekIndex, openImageView, openSeekableLayer } from '@stowage/layer-store';
 *
 * const tar = createTarWriter();
 * const parts = tar.entry({ name: 'etc/motd' }, new TextEncoder().encode('hello'));
 * const blob = await collect(streamOf(...parts, tar.end()).pipeThrough(gzip()), { maxBytes: 4096 });
 * const descriptor = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: await digestBytes(blob), size: blob.length };
 * const content = { open: async (_digest: string, { offset = 0, length = blob.length } = {}) => streamOf(blob.slice(offset, offset + length)) };
 *
 * const index = await buildSeekIndex({ content, descriptor });
 * const view = await openImageView([await openSeekableLayer({ content, descriptor, index })]);
 * console.log(new TextDecoder().decode(await collect(await view.readFile('etc/motd'), { maxBytes: 64 }))); // hello
 * ```
 */
export async function openSeekableLayer(init: SeekableLayerInit): Promise<SeekableLayer> {
  const { content, descriptor, index: given } = init;
  const index = given instanceof Uint8Array ? await decodeSeekIndex(given) : given;
  const { blob, diffId, diffSize } = index;
  if (blob.digest !== descriptor.digest || blob.size !== descriptor.size) {
    throw new StowageError('DIGEST_MISMATCH', `a seek index of ${blob.digest}, not of ${descriptor.digest}`);
  }
  if (init.diffId !== undefined && init.diffId !== diffId) {
    throw new StowageError('DIGEST_MISMATCH', `a seek index of layer ${diffId}, not of ${init.diffId}`);
  }
  const layer = new LayerContent({
    content,
    descriptor,
    diffId,
    diffSize,
    tarLimits: undefined,
    worker: true,
    // They are in memory as it is.
    entryCache: new LayerCache(0),
    index: { entries: () => Promise.resolve(index.entries), points: () => Promise.resolve(index) },
  });
  return {
    diffId,
    diffSize,
    descriptor,
    tarStream: (options) => layer.tarStream(options),
    tarTo: (take, options) => layer.tarTo(take, options),
    entries: (options) => layer.entries(options),
    readFile: (path, options) => layer.readFile(path, options),
    readRange: (offset, length, options) => layer.readRange(offset, length, options),
  };
}
