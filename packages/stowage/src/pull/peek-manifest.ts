import { isStowageError } from '@stowage/types';
import type { AbortOptions, ContentStore, Repository } from '@stowage/types';
import { MAX_MANIFEST_BYTES, readManifest } from './manifest-cache.ts';
import type { CachedManifest, ManifestTarget } from './manifest-cache.ts';

/** A manifest, from the store where it is there; nothing is stored. */
export async function peekManifest(
  { digest, mediaType }: ManifestTarget,
  remote: Repository,
  content: ContentStore,
  options: AbortOptions,
): Promise<CachedManifest> {
  try {
    const bytes = await content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
    const manifest = readManifest(bytes, mediaType, true);
    return { manifest, descriptor: { mediaType: manifest.mediaType, digest, size: bytes.length } };
  } catch (error) {
    if (!isStowageError(error, 'NOT_FOUND')) throw error;
  }
  const { descriptor, bytes } = await remote.manifests.get(digest, options);
  return { manifest: readManifest(bytes, mediaType ?? descriptor.mediaType, false), descriptor };
}
