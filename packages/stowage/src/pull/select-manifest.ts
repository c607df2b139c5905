import { formatPlatform, MEDIA_TYPES, onlyPlatform, selectPlatforms, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  ImageIndex,
  ImageManifest,
  Platform,
  SignedManifest,
} from '@stowage/types';
import { isSchema1 } from './manifest-cache.ts';
import type { CachedManifest, ManifestCache } from './manifest-cache.ts';

/** How deep indexes may lie in one another. */
export const MAX_DEPTH: number = 4;

/** How BuildKit marks entries that tell of an image and are none. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';

/** What an entry may lead to; whatever else an index names is no image. */
const MANIFEST_TYPES: readonly string[] = [
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerManifestList,
];

/** The manifest of one image, and the descriptor that it is stored under. */
export interface SelectedManifest {
  readonly manifest: ImageManifest | SignedManifest;
  readonly descriptor: Descriptor;
}

/**
 * Finds the image for a platform: the manifest itself, or the best match of an index, indexes within it included.
 *
 * Entries that name no platform are tried last: some tools write none where there is only one image. Attestations and
 * entries of unknown types are passed over.
 *
 * @param found what the reference named
 * @param platform what the image is wanted for
 * @throws `PLATFORM_MISMATCH`, in moby's words, when no entry fits
 */
export async function selectManifest(
  found: CachedManifest,
  platform: Platform,
  cache: Pick<ManifestCache, 'get'>,
  options: AbortOptions = {},
): Promise<SelectedManifest> {
  const selected = await descend(found, platform, cache, options, 0);
  if (selected === undefined) throw noMatch(platform);
  return selected;
}

/**
 * The entries of an index that fit a platform, best first, and then those that name none.
 *
 * @param index an index
 * @param platform what is wanted
 */
export function matchingEntries(index: ImageIndex, platform: Platform): Descriptor[] {
  return bestFirst(imageEntries(index), platform);
}

/** The entries of an index that are images or indexes: neither attestations nor anything of an unknown type. */
export function imageEntries({ manifests }: ImageIndex): Descriptor[] {
  return manifests.filter(
    ({ mediaType, annotations }) =>
      (MANIFEST_TYPES.includes(mediaType) || isSchema1(mediaType)) &&
      annotations?.[REFERENCE_TYPE] === undefined,
  );
}

/** Those of some entries that fit a platform, best first, and then those that name none. */
export function bestFirst(entries: readonly Descriptor[], platform: Platform): Descriptor[] {
  return [
    ...selectPlatforms(onlyPlatform(platform), entries),
    ...entries.filter((entry) => entry.platform === undefined),
  ];
}

/** The error for an index without an entry that fits. */
export function noMatch(platform: Platform): StowageError {
  const version = platform['os.version'];
  const written = formatPlatform(platform) + (version === undefined ? '' : ` ${version}`);
  return new StowageError(
    'PLATFORM_MISMATCH',
    `no matching manifest for ${written} in the manifest list entries`,
  );
}

async function descend(
  { manifest, descriptor }: CachedManifest,
  platform: Platform,
  cache: Pick<ManifestCache, 'get'>,
  options: AbortOptions,
  depth: number,
): Promise<SelectedManifest | undefined> {
  if (manifest.kind !== 'index') return { manifest, descriptor };
  if (depth >= MAX_DEPTH) return undefined;
  for (const entry of matchingEntries(manifest, platform)) {
    const selected = await descend(await cache.get(entry, options), platform, cache, options, depth + 1);
    if (selected !== undefined) return selected;
  }
  return undefined;
}
