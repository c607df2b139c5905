import { digestBytes } from '@stowage/core';
import { isStowageError, parseDigest, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ContentReader, ContentStore, Digest } from '@stowage/types';
import { storeBytes } from './store-bytes.ts';

/** The largest configuration of an image that is stored or read, in bytes. */
export const MAX_CONFIG_BYTES: number = 8 * 1024 * 1024;

/**
 * Reads a configuration, and hashes it again: it is what an image is known by.
 *
 * @throws `NOT_FOUND`; `DATA_LOSS` where the bytes are no longer what they were; `LIMIT_EXCEEDED`
 */
export async function readConfig(
  content: Pick<ContentReader, 'read'>,
  id: Digest,
  options?: AbortOptions,
): Promise<Bytes> {
  const raw = await content.read(id, { ...options, maxBytes: MAX_CONFIG_BYTES });
  const actual = await digestBytes(raw, parseDigest(id).algorithm);
  if (actual !== id) {
    throw new StowageError('DATA_LOSS', `failed to verify: ${id} has the digest ${actual}`);
  }
  return raw;
}

/** Stores a configuration, over one of its name that was damaged. */
export async function storeConfig(
  content: ContentStore,
  config: Bytes,
  id: Digest,
  options?: AbortOptions,
): Promise<void> {
  try {
    await readConfig(content, id, options);
    return;
  } catch (error) {
    if (isStowageError(error, 'DATA_LOSS')) await content.delete(id, options);
    else if (!isStowageError(error, 'NOT_FOUND')) throw error;
  }
  await storeBytes(content, `image-${id}`, config, id, options);
}
