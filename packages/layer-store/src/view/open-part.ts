import { StowageError } from '@stowage/types';
import type { AbortOptions, ByteStream, LayerReader } from '@stowage/types';
import { sliceStream } from '../content/slice-stream.ts';

/** A part of a layer's tar: just that, or cut out of the whole where the layer cannot do better. */
export async function openPart(
  layer: LayerReader,
  offset: number,
  length: number,
  options: AbortOptions,
): Promise<ByteStream> {
  if (layer.readRange !== undefined) return layer.readRange(offset, length, options);
  if (layer.tarStream === undefined) {
    throw new StowageError(
      'UNSUPPORTED',
      `layer ${layer.diffId} can be read neither in parts nor as a whole`,
    );
  }
  return sliceStream((await layer.tarStream(options)).getReader(), offset, length);
}
