import { decompress, hashStream, iterate, zstd } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, ByteStream, ContentStore, Descriptor, DiffID, Lease } from '@stowage/types';
import { withManifest } from './editable-image.ts';
import type { EditableImage } from './editable-image.ts';
import { layerMediaType, layerTypeOf } from './layer-types.ts';

/** Compresses layers. The same bytes must give the same bytes whenever it runs. */
export interface LayerCompressor {
  /** What it makes. */
  readonly compression: 'gzip' | 'zstd' | 'none';
  /** Compresses a tar stream. */
  compress(stream: ByteStream): ByteStream;
}

/** The compressors that are here: `zstd`, by the encoder of `@stowage/core`, and `none`, which leaves a layer plain. */
export type LayerCompressorName = 'zstd' | 'none';

const COMPRESSORS: Readonly<Record<LayerCompressorName, LayerCompressor>> = {
  zstd: { compression: 'zstd', compress: (stream) => stream.pipeThrough(zstd()) },
  none: { compression: 'none', compress: (stream) => stream },
};

/** How layers are compressed anew. */
export interface RecompressOptions extends AbortOptions {
  /** The most bytes that a layer may have uncompressed. `LIMIT_EXCEEDED` beyond. Default: 64 GiB. */
  readonly maxLayerBytes?: number | undefined;
  /** Keeps the new layers from being collected until the image has a name. */
  readonly lease?: Pick<Lease, 'add'> | undefined;
}

const MAX_LAYER_BYTES = 64 * 1024 ** 3;

/**
 * Compresses the layers of an image in another way, and stores them. What they hold is checked against the image's
 * configuration on the way, which stays as it is, as does the image's ID. Layers that are compressed like that already
 * and foreign ones, which registries need not have, stay as they are.
 *
 * @param image the image
 * @param content where the layers are, and the new ones go
 * @param how `zstd`, about as hard as `zstd -1`; `none`; or a compressor. Those two give the same bytes in every runtime
 * @param options limits, how to end early, and what keeps the content
 * @throws `NOT_FOUND` for a layer that is not there; `UNSUPPORTED` where the image's format has no type for such layers,
 *   and for `zstd` where WebAssembly is missing or forbidden; `DATA_LOSS` for a layer that is not what the configuration says; `INVALID_ARCHIVE`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { recompressLayers } from '@stowage/image-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const image = { format: 'oci', config: { rootfs: { type: 'layers', diff_ids: [] } }, layers: [] } as const;
 * const { layers } = await recompressLayers(image, createMemoryStorage().content, 'zstd');
 * console.log(layers); // []
 * ```
 */
export async function recompressLayers(
  image: EditableImage,
  content: ContentStore,
  how: LayerCompressor | LayerCompressorName,
  options: RecompressOptions = {},
): Promise<EditableImage> {
  const compressor = typeof how === 'string' ? COMPRESSORS[how] : how;
  const done = new Map<string, Blob>();
  const layers: Descriptor[] = [];
  for (const [at, layer] of image.layers.entries()) {
    const type = layerTypeOf(layer.mediaType);
    if (type.foreign || type.compression === compressor.compression) {
      layers.push(layer);
      continue;
    }
    const mediaType = layerMediaType({ ...type, compression: compressor.compression }, image.format);
    const diffId = image.config.rootfs.diff_ids[at];
    const key = `${layer.digest} ${String(diffId)}`;
    const blob = done.get(key) ?? (await recompress(layer, diffId, content, compressor, options));
    done.set(key, blob);
    const { annotations } = layer;
    layers.push({ mediaType, ...blob, ...(annotations === undefined ? {} : { annotations }) });
  }
  return layers.every((layer, at) => layer === image.layers[at]) ? image : withManifest(image, { layers });
}

type Blob = Pick<Descriptor, 'digest' | 'size'>;

async function recompress(
  layer: Descriptor,
  diffId: DiffID | undefined,
  content: ContentStore,
  compressor: LayerCompressor,
  { maxLayerBytes = MAX_LAYER_BYTES, lease, ...options }: RecompressOptions,
): Promise<Blob> {
  const stored = await content.open(layer.digest, options);
  const plain = stored.pipeThrough(decompress({ maxBytes: maxLayerBytes }));
  const checked = hashStream(plain, ({ digest }) => {
    if (digest === diffId) return;
    const message = `layer ${layer.digest} has the DiffID ${digest}, and should have ${String(diffId)}`;
    throw new StowageError('DATA_LOSS', message);
  });
  const ref = `recompress-${compressor.compression}-${layer.digest}`;
  const ingest = await content.ingest(ref, options);
  try {
    await ingest.truncate(0, options);
    for await (const bytes of iterate(compressor.compress(checked), options)) {
      await ingest.write(bytes, options);
    }
    const { digest, size } = await ingest.commit(options);
    await lease?.add([digest], options);
    return { digest, size };
  } catch (error) {
    await ingest.close();
    // Nobody could go on from here: a compressor begins at the beginning.
    await content.abort(ref);
    throw error;
  } finally {
    await ingest.close();
  }
}
