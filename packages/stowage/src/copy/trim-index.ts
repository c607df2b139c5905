import { digestBytes } from '@stowage/core';
import { encodeGoJson, parseDigest } from '@stowage/types';
import type { AbortOptions, Descriptor, Digest, ImageIndex, Platform } from '@stowage/types';
import { bestFirst, imageEntries, noMatch } from '../pull/select-manifest.ts';
import type { CopySource } from './copy-source.ts';
import { isIndex, readSourceManifest } from './source-manifest.ts';
import type { SourceManifest } from './source-manifest.ts';

/** How BuildKit names the image that an attestation in the same index is about. */
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/**
 * Leaves out of an index, and of indexes in it, what is for other platforms. Where nothing is left out it is the index
 * itself; else a new one, which the source knows from then on.
 *
 * @param index where `index` is set
 * @throws `PLATFORM_MISMATCH` when no image fits one of the platforms
 */
export async function trimIndex(
  index: SourceManifest,
  platforms: readonly Platform[],
  source: CopySource,
  options: AbortOptions,
): Promise<SourceManifest> {
  const images = await imagesOf(index, undefined, source, options);
  const kept = new Set<string>();
  for (const platform of platforms) {
    const [best] = bestFirst(images, platform);
    if (best === undefined) throw noMatch(platform);
    kept.add(best.digest);
  }
  return (await trim(index, kept, source, options)) ?? index;
}

/** All images of an index. What an index in it is for, its images are for. */
async function imagesOf(
  { index }: SourceManifest,
  inherited: Platform | undefined,
  source: CopySource,
  options: AbortOptions,
): Promise<Descriptor[]> {
  const images: Descriptor[] = [];
  for (const entry of index === undefined ? [] : imageEntries(index)) {
    const platform = entry.platform ?? inherited;
    if (isIndex(entry.mediaType)) {
      images.push(...(await imagesOf(await source.manifest(entry, options), platform, source, options)));
    } else {
      images.push(platform === undefined ? entry : { ...entry, platform });
    }
  }
  return images;
}

/** The index with what is kept; `undefined` where nothing is. */
async function trim(
  manifest: SourceManifest,
  kept: ReadonlySet<string>,
  source: CopySource,
  options: AbortOptions,
): Promise<SourceManifest | undefined> {
  const { index } = manifest;
  if (index === undefined) return undefined;
  const entries: Descriptor[] = [];
  for (const entry of index.manifests) {
    if (isIndex(entry.mediaType)) {
      const inner = await trim(await source.manifest(entry, options), kept, source, options);
      if (inner !== undefined) entries.push({ ...entry, ...inner.descriptor });
    } else if (kept.has(entry.digest) || kept.has(entry.annotations?.[REFERENCE_DIGEST] ?? '')) {
      entries.push(entry);
    }
  }
  if (entries.length === 0) return undefined;
  const isWhole =
    entries.length === index.manifests.length &&
    entries.every(({ digest }, at) => digest === index.manifests[at]?.digest);
  return isWhole ? manifest : await rewrite(index, entries, manifest.descriptor.digest, source);
}

/** An index with other entries. Everything else stays. */
async function rewrite(
  index: ImageIndex,
  manifests: readonly Descriptor[],
  digest: Digest,
  source: CopySource,
): Promise<SourceManifest> {
  const { mediaType, schemaVersion } = index;
  const bytes = encodeGoJson({ ...{ schemaVersion, mediaType }, ...documentOf(index), manifests });
  const { algorithm } = parseDigest(digest);
  const descriptor = { mediaType, digest: await digestBytes(bytes, algorithm), size: bytes.byteLength };
  const trimmed = readSourceManifest({ descriptor, bytes });
  source.add(trimmed);
  return trimmed;
}

/** The index without what parsing put beside its members. */
function documentOf(index: ImageIndex): object {
  const beside: readonly string[] = ['kind', 'raw'] satisfies (keyof ImageIndex)[];
  return Object.fromEntries(Object.entries(index).filter(([name]) => !beside.includes(name)));
}
