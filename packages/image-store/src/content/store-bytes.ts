import { isStowageError } from '@stowage/types';
import type { AbortOptions, Bytes, ContentIngester, ContentStore, Digest } from '@stowage/types';

/**
 * Stores bytes that are in memory. What an earlier attempt of the same name left behind is written over.
 *
 * @param content where to
 * @param ref names the ingest
 * @param bytes what to store
 * @param digest of the bytes
 */
export async function storeBytes(
  content: ContentIngester,
  ref: string,
  bytes: Bytes,
  digest: Digest,
  options?: AbortOptions,
): Promise<void> {
  const ingest = await content.ingest(ref, options);
  try {
    await ingest.truncate(0, options);
    await ingest.write(bytes, options);
    await ingest.commit({ ...options, digest, size: bytes.byteLength });
  } finally {
    await ingest.close();
  }
}

/** Stores bytes that are in memory, unless they are there. Nothing is left of a failure. */
export async function storeOnce(
  content: Pick<ContentStore, 'ingest' | 'abort'>,
  bytes: Bytes,
  digest: Digest,
  options?: AbortOptions,
): Promise<void> {
  // Somebody else may be storing the same.
  const ref = `once-${crypto.randomUUID()}`;
  try {
    const ingest = await content.ingest(ref, { ...options, digest, size: bytes.length });
    try {
      await ingest.write(bytes, options);
      await ingest.commit(options);
    } catch (error) {
      await ingest.close();
      await content.abort(ref);
      throw error;
    }
  } catch (error) {
    if (!isStowageError(error, 'ALREADY_EXISTS')) throw error;
  }
}
