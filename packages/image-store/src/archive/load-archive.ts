import { hostPlatform } from '@stowage/core';
import { discardProgress, onlyPlatform, StowageError } from '@stowage/types';
import type { AbortOptions, ByteStream, PlatformMatcher } from '@stowage/types';
import { ArchiveFiles } from './archive-files.ts';
import { resolveArchiveLimits } from './archive-limits.ts';
import type { ResolvedArchiveLimits } from './archive-limits.ts';
import { enterImages } from './enter-images.ts';
import { LayerBlobs } from './layer-blobs.ts';
import type { LoadArchiveDeps, LoadArchiveOptions, LoadResult } from './load-options.ts';
import { nameImages } from './name-images.ts';
import { planDocker } from './plan-docker.ts';
import { planLayout } from './plan-layout.ts';
import { planLegacy } from './plan-legacy.ts';
import type { PlannedImage } from './planned-image.ts';

/**
 * Loads images from an archive: of `docker save` in each of its forms since docker 1.0, OCI image layouts in a tar, and
 * what podman, skopeo, buildah, umoci and builders without a daemon make of these; plain, gzip, or zstd where the
 * runtime can. The archive is read once, as it comes; layers go straight into the content store. Its images are entered
 * when all of it has been read and found in order, and named last. The stream is cancelled where this fails, nothing is
 * named then, and what had been stored is left to whoever collects garbage.
 *
 * @param stream the archive
 * @param deps where images go
 * @param options names, limits, and who is told
 * @throws `INVALID_ARCHIVE` for what is no such archive, or reaches out of itself; `INVALID_MANIFEST`,
 *   `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `LIMIT_EXCEEDED`, `UNSUPPORTED` for a compression that this runtime cannot read,
 *   `NOT_FOUND` for an index without an image for the platform, `PLATFORM_MISMATCH`
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { loadArchive, openImageStore, openReferenceStore } from '@stowage/image-store';
 * import { openLayerStore } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 *
 * const storage = createMemoryStorage();
 * const layers = await openLayerStore({ storage });
 * const imageStore = await openImageStore({ storage, layers });
 * const references = await openReferenceStore({ storage });
 * const tar = createTarWriter();
 * const file = (name: string, value: unknown) => tar.entry({ name }, new TextEncoder().encode(JSON.stringify(value)));
 * const config = file('c.json', { os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
 * const manifest = file('manifest.json', [{ Config: 'c.json', RepoTags: ['app:1'], Layers: [] }]);
 * const archive = streamOf(...config, ...manifest, tar.end());
 * const onMessage = (line: string) => console.log(line); // Loaded image: app:1
 * await loadArchive(archive, { storage, layers, imageStore, references }, { tags: true, onMessage });
 * ```
 */
export async function loadArchive(
  stream: ByteStream,
  deps: LoadArchiveDeps,
  options: LoadArchiveOptions = {},
): Promise<LoadResult> {
  const { signal } = options;
  try {
    signal?.throwIfAborted();
    const lease = await deps.leases?.create({ signal });
    try {
      const { content } = deps.storage;
      const { layers } = deps;
      const { onProgress: progressOutput = discardProgress } = options;
      const limits = resolveArchiveLimits(options.limits);
      const shared = { content, layers, lease, progressOutput };
      const files = await ArchiveFiles.read(stream, { ...shared, limits }, { signal });
      const blobs = new LayerBlobs(files, shared);
      const images = await planImages(files, blobs, limits, options);
      await enterImages(images, blobs, { ...deps, ...shared }, options);
      return { images: await nameImages(images, deps, options) };
    } finally {
      await lease?.release();
    }
  } catch (error) {
    // A stream that was read, or is somebody else's, cannot be cancelled and need not be.
    await stream.cancel(error).catch(() => undefined);
    throw error;
  }
}

async function planImages(
  files: ArchiveFiles,
  blobs: LayerBlobs,
  limits: ResolvedArchiveLimits,
  { platform = onlyPlatform(hostPlatform()), signal }: LoadArchiveOptions,
): Promise<PlannedImage[]> {
  const images = await readImages(files, blobs, limits, platform, { signal });
  if (images.length <= limits.maxImages) return images;
  throw new StowageError('LIMIT_EXCEEDED', 'invalid archive: too many images');
}

function readImages(
  files: ArchiveFiles,
  blobs: LayerBlobs,
  limits: ResolvedArchiveLimits,
  platform: PlatformMatcher,
  options: AbortOptions,
): Promise<PlannedImage[]> {
  if (files.has('manifest.json')) return planDocker(files, limits, options);
  if (files.has('oci-layout')) return planLayout(files, { limits, platform }, options);
  if (files.has('repositories')) return planLegacy(files, blobs, limits, options);
  throw new StowageError('INVALID_ARCHIVE', 'invalid archive: does not contain a manifest.json');
}
