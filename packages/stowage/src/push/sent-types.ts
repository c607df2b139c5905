import { createV2MetadataService } from '@stowage/image-store';
import { digestKey, digestOfKey } from '@stowage/types';
import type { AbortOptions, ChangeOptions, Digest, MetadataStore } from '@stowage/types';

/** Which blobs are compressed in another way than by gzip, of those that a push made. */
const TYPES = 'layer-type-by-digest';

/** The media type that was noted of a blob that a push made, if any. */
export async function readSentType(
  metadata: MetadataStore,
  digest: Digest,
  options: AbortOptions,
): Promise<string | undefined> {
  const noted = await metadata.get(TYPES, digestKey(digest), options);
  return noted === undefined ? undefined : new TextDecoder().decode(noted);
}

/** Notes the media type of a blob that a push made. */
export async function noteSentType(
  metadata: MetadataStore,
  digest: Digest,
  mediaType: string,
  options: ChangeOptions,
): Promise<void> {
  await metadata.set(TYPES, digestKey(digest), new TextEncoder().encode(mediaType), options);
}

/** Forgets the types of blobs of which nothing else is known any more. */
export async function forgetSentTypes(metadata: MetadataStore, options: AbortOptions): Promise<void> {
  const known = createV2MetadataService(metadata);
  for await (const key of metadata.keys(TYPES, options)) {
    const digest = digestOfKey(key);
    if (digest === undefined || (await known.getDiffId(digest, options)) !== undefined) continue;
    await metadata.delete(TYPES, key, { ...options, durable: false });
  }
}
