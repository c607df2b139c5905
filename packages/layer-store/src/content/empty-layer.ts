import { streamOf } from '@stowage/core';
import { asDigest, MEDIA_TYPES, StowageError } from '@stowage/types';
import type { ByteStream, ChainID, DiffID, Layer, LayerEntry } from '@stowage/types';

const TAR_SIZE = 1024;

/**
 * The DiffID of a layer without entries: the sha256 of the 1024 zero bytes that are an empty tar archive. Docker's
 * tools make such a layer for build steps that change no file.
 *
 * @example
 * ```ts
 * import { digestBytes } from '@stowage/core';
 * import { EMPTY_LAYER_DIFF_ID } from '@stowage/layer-store';
 *
 * console.log((await digestBytes(new Uint8Array(1024))) === EMPTY_LAYER_DIFF_ID); // true
 * ```
 */
export const EMPTY_LAYER_DIFF_ID: DiffID = asDigest(
  'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
) as DiffID;

/**
 * A layer without entries that belongs to no store and takes no room: what an image without layers stands on.
 *
 * @example
 * ```ts
 * import { EMPTY_LAYER } from '@stowage/layer-store';
 *
 * console.log(EMPTY_LAYER.diffSize); // 0
 * ```
 */
export const EMPTY_LAYER: Layer = Object.freeze<Layer>({
  chainId: EMPTY_LAYER_DIFF_ID as unknown as ChainID,
  diffId: EMPTY_LAYER_DIFF_ID,
  size: 0,
  diffSize: 0,
  parent: undefined,
  // Not compressed, so that the blob is the tar stream.
  descriptor: Object.freeze({ mediaType: MEDIA_TYPES.ociLayer, digest: EMPTY_LAYER_DIFF_ID, size: TAR_SIZE }),
  tarStream: (): Promise<ByteStream> => Promise.resolve(streamOf(new Uint8Array(TAR_SIZE))),
  tarTo: (take): Promise<void> => take(new Uint8Array(TAR_SIZE)),
  tarStreamFrom: (parent?: ChainID): Promise<ByteStream> =>
    parent === undefined ? EMPTY_LAYER.tarStream() : Promise.reject(notAParent(parent)),
  entries: noEntries,
  readFile: (path: string): Promise<ByteStream> =>
    Promise.reject(new StowageError('NOT_FOUND', `no such file in the layer: ${path}`)),
});

/** The error for a difference to something that a layer does not stand on, in moby's words. */
export function notAParent(chainId: ChainID): StowageError {
  return new StowageError(
    'INVALID_ARGUMENT',
    `layer ID '${chainId}' is not a parent of the specified layer: cannot provide diff to non-parent`,
  );
}

// eslint-disable-next-line @typescript-eslint/require-await -- an async iteration that has nothing to wait for
async function* noEntries(): AsyncGenerator<LayerEntry, void, undefined> {
  yield* [];
}
