import { formatPlatform, onlyPlatform, selectPlatforms, StowageError } from '@stowage/types';
import type { AbortOptions, Descriptor, ImageIndex, ImageManifest, Platform } from '@stowage/types';
import type { CachedManifest, ManifestCache } from './manifest-cache.ts';

/** How deep indexes may lie in one another. */
const MAX_DEPTH = 4;

/** The manifest of one image, and the descriptor that it is stored under. */
export interface SelectedManifest {
  readonly manifest: ImageManifest;
  readonly descriptor: Descriptor;
}

/**
 * Finds the image for a platform: the manifest itself, or the best match of an index, indexes within it included.
 *
 * Entries that name no platform are tried last: some tools write none where there is only one image.
 *
 * @param found what the reference named
 * @param platform what the image is wanted for
 * @throws `PLATFORM_MISMATCH`, in moby's words, when no entry fits
 */
export async function selectManifest(
  found: CachedManifest,
  platform: Platform,
  cache: ManifestCache,
  options: AbortOptions = {},
): Promise<SelectedManifest> {
  const selected = await descend(found, platform, cache, options, 0);
  if (selected !== undefined) return selected;
  throw new StowageError(
    'PLATFORM_MISMATCH',
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
  );
}

/**
 * The entries of an index that fit a platform, best first, and then those that name none.
 *
 * @param index an index
 * @param platform what is wanted
 */
export function matchingEntries(index: ImageIndex, platform: Platform): Descriptor[] {
  return [
    ...selectPlatforms(onlyPlatform(platform), index.manifests),
    ...index.manifests.filter((entry) => entry.platform === undefined),
  ];
}

async function descend(
  { manifest, descriptor }: CachedManifest,
  platform: Platform,
  cache: ManifestCache,
  options: AbortOptions,
  depth: number,
): Promise<SelectedManifest | undefined> {
  if (manifest.kind === 'manifest') return { manifest, descriptor };
  if (depth >= MAX_DEPTH) return undefined;
  for (const entry of matchingEntries(manifest, platform)) {
    const selected = await descend(await cache.get(entry, options), platform, cache, options, depth + 1);
    if (selected !== undefined) return selected;
  }
  return undefined;
}
