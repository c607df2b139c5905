import { buildOciManifest, essenceOf, isStowageError, MEDIA_TYPES, parseManifest } from '@stowage/types';
import type { AbortOptions, ContentReader, Descriptor, ImageManifest, Layer } from '@stowage/types';
import type { ArchiveEntry } from './archive-entries.ts';
import { DEFAULT_ARCHIVE_LIMITS } from './archive-limits.ts';
import { LayoutEntries } from './layout-entries.ts';
import type { SavedImage } from './saved-image.ts';

/** How many indexes may stand in one another. */
const MAX_DEPTH = 4;

/**
 * The entries of an OCI image layout: layers as they are stored, and the manifest that the image came with where it is
 * one of OCI, so that its digest stays.
 */
export async function planLayout(
  images: readonly SavedImage[],
  content: ContentReader,
  options: AbortOptions,
): Promise<ArchiveEntry[]> {
  const layout = new LayoutEntries();
  for (const saved of images) {
    const config = await layout.bytes(saved.image.raw, MEDIA_TYPES.ociConfig);
    const kept = await keptManifest(saved, content, options);
    const layers = kept?.layers ?? saved.layers.map(layerDescriptor);
    for (const { digest, size } of layers) layout.blob(digest, size, (how) => content.open(digest, how));
    const manifest = kept?.raw ?? buildOciManifest({ config, layers }, { indent: '' });
    layout.image(saved, await layout.bytes(manifest, MEDIA_TYPES.ociManifest));
  }
  return layout.finish();
}

/** The manifest that the image came with, where all that it names is still here. */
async function keptManifest(
  { image, targets }: SavedImage,
  content: ContentReader,
  options: AbortOptions,
): Promise<ImageManifest | undefined> {
  for (const target of targets) {
    const manifest = await findManifest(target, image.id, content, 0, options);
    if (manifest !== undefined && (await hasAll(manifest.layers, content, options))) return manifest;
  }
  return undefined;
}

async function findManifest(
  target: Descriptor,
  config: string,
  content: ContentReader,
  depth: number,
  options: AbortOptions,
): Promise<ImageManifest | undefined> {
  const isIndex = INDEX_TYPES.includes(target.mediaType);
  if (depth > MAX_DEPTH || !(isIndex || target.mediaType === MEDIA_TYPES.ociManifest)) return undefined;
  const bytes = await unlessMissing(
    content.read(target.digest, { ...options, maxBytes: DEFAULT_ARCHIVE_LIMITS.maxDocumentBytes }),
  );
  if (bytes === undefined) return undefined;
  const manifest = parseManifest(bytes, target.mediaType);
  if (manifest.kind === 'manifest') return manifest.config.digest === config ? manifest : undefined;
  for (const entry of manifest.manifests) {
    const found = await findManifest(entry, config, content, depth + 1, options);
    if (found !== undefined) return found;
  }
  return undefined;
}

const INDEX_TYPES: readonly string[] = [MEDIA_TYPES.ociIndex, MEDIA_TYPES.dockerManifestList];

async function hasAll(
  layers: readonly Descriptor[],
  content: ContentReader,
  options: AbortOptions,
): Promise<boolean> {
  for (const { digest, size } of layers) {
    const info = await unlessMissing(content.info(digest, options));
    if (info?.size !== size) return false;
  }
  return true;
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** A layer as a manifest of OCI names it. */
function layerDescriptor({ descriptor: { digest, size, mediaType } }: Layer): Descriptor {
  const essence = essenceOf(mediaType);
  return { mediaType: OCI_TYPES[essence] ?? essence, digest, size };
}

const OCI_TYPES: Readonly<Record<string, string>> = {
  [MEDIA_TYPES.dockerLayer]: MEDIA_TYPES.ociLayer,
  [MEDIA_TYPES.dockerLayerGzip]: MEDIA_TYPES.ociLayerGzip,
  [MEDIA_TYPES.dockerForeignLayerGzip]: MEDIA_TYPES.ociLayerGzip,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': MEDIA_TYPES.ociLayerZstd,
};
