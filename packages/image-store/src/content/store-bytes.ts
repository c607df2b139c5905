import type { AbortOptions, Bytes, ContentIngester, Digest } from '@stowage/types';

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
