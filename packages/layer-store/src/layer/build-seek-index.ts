import { StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ContentReader, Descriptor, DiffID } from '@stowage/types';
import type { WorkerPool } from '@stowage/core';
import type { LayerLimits } from '../content/limits.ts';
import { scanBlob } from './scan-blob.ts';

/** What {@link buildSeekIndex} takes. */
export interface BuildSeekIndexInit {
  /** Where the blob is: a store, or the `blobs` of a repository. */
  readonly content: Pick<ContentReader, 'open'>;
  /** The blob. */
  readonly descriptor: Pick<Descriptor, 'digest' | 'size'>;
  /** What the layer must be, where that is known. */
  readonly diffId?: DiffID | undefined;
  /** What it may cost. */
  readonly limits?: LayerLimits | undefined;
  /** Whether workers inflate a large layer, as for `openLayerStore`. Default `true`. */
  readonly worker?: boolean | WorkerPool | undefined;
}

/**
 * Streams a layer's blob once and keeps nothing of it but its seek index, with which {@link openSeekableLayer} reads
 * parts of it later.
 *
 * @param init the blob, and where it is
 * @param options how to end early
 * @returns the index in its form, to be kept
 * @throws `INVALID_ARCHIVE`, `UNSUPPORTED` for a compression that cannot be read, `LIMIT_EXCEEDED` for a layer that is too
 *   large or has too many entries, `SIZE_MISMATCH`, `DIGEST_MISMATCH` for another layer
 *
 * @example
 * ```ts
 * import { buildSeekIndex, decodeSeekIndex, EMPTY_LAYER } from '@stowage/layer-store';
 *
 * const content = { open: () => EMPTY_LAYER.tarStream() };
 * const index = await buildSeekIndex({ content, descriptor: EMPTY_LAYER.descriptor });
 * console.log((await decodeSeekIndex(index)).diffSize); // 1024
 * ```
 */
export async function buildSeekIndex(init: BuildSeekIndexInit, options: AbortOptions = {}): Promise<Bytes> {
  const { content, descriptor, diffId, limits = {}, worker = true } = init;
  let size = 0;
  const scanned = await scanBlob(
    content,
    descriptor,
    { limits, worker },
    {
      ...options,
      onProgress: (read) => {
        size = read;
      },
    },
  );
  if (size !== descriptor.size) {
    throw new StowageError(
      'SIZE_MISMATCH',
      `layer ${descriptor.digest} has ${String(size)} bytes, its descriptor says ${String(descriptor.size)}`,
    );
  }
  if (diffId !== undefined && diffId !== scanned.diffId) {
    throw new StowageError(
      'DIGEST_MISMATCH',
      `invalid diffID for layer ${descriptor.digest}: expected "${diffId}", got "${scanned.diffId}"`,
    );
  }
  if (scanned.seekIndex === undefined)
    throw new StowageError('LIMIT_EXCEEDED', `layer ${descriptor.digest} has too many entries for an index`);
  return scanned.seekIndex;
}
