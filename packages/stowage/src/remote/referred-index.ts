import { collect } from '@stowage/core';
import { decodeSeekIndex, DEFAULT_LAYER_LIMITS } from '@stowage/layer-store';
import type { DecodeSeekIndexOptions, SeekIndex } from '@stowage/layer-store';
import { StowageError } from '@stowage/types';
import type { AbortOptions, BlobReader, Bytes, Descriptor } from '@stowage/types';

/** The largest index that is taken from others, in bytes. */
const MAX_BYTES = 64 * 2 ** 20;

/** What one may unpack to: far more than the index of any layer that {@link MAX_ENTRIES} let have one. */
const LIMITS: DecodeSeekIndexOptions = {
  maxEntries: DEFAULT_LAYER_LIMITS.maxIndexedEntries,
  maxEntryBytes: 128 * 2 ** 20,
  maxCheckpointBytes: 64 * 2 ** 20,
};

/**
 * Reads a seek index that somebody has pushed. One that is larger than its layer is of no use: the layer itself comes as
 * fast.
 *
 * @param layer the size of its blob
 * @returns the index, and its bytes as they came
 * @throws `LIMIT_EXCEEDED`, `SIZE_MISMATCH`, `DIGEST_MISMATCH`, `INVALID_ARCHIVE`, `UNSUPPORTED`; what the registry answers
 */
export async function readReferredIndex(
  blobs: BlobReader,
  { digest, size }: Descriptor,
  layer: Pick<Descriptor, 'size'>,
  options: AbortOptions,
): Promise<{ readonly index: SeekIndex; readonly bytes: Bytes }> {
  const maxBytes = Math.min(MAX_BYTES, layer.size);
  if (size > maxBytes) {
    throw new StowageError('LIMIT_EXCEEDED', `seek index ${digest} has more than ${String(maxBytes)} bytes`);
  }
  const bytes = await collect(await blobs.open(digest, { ...options, size }), { ...options, maxBytes: size });
  return { index: await decodeSeekIndex(bytes, LIMITS), bytes };
}
