import { shortId } from '@stowage/types';
import type { Descriptor, Digest, ImageID, ImageManifest, ImagePullConfig } from '@stowage/types';
import { createLayerDownload, layerDownloadDeps } from './layer-download.ts';
import type { LayerDownloadDeps, LayerSource } from './layer-download.ts';
import type { PullContext } from './pull-context.ts';
import type { PulledImage } from './pull-image.ts';
import { sideBySide } from './side-by-side.ts';

/** How many blobs of an artifact are downloaded at once. */
const CONCURRENCY = 3;

/**
 * Brings in everything that the manifest of an artifact names, and makes nothing of it: a chart, a signature or an SBOM
 * has no layers to stack. What stands for the image's ID is the digest of its manifest.
 */
export async function pullArtifact(
  manifest: ImageManifest,
  digest: Digest,
  source: LayerSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PulledImage> {
  const { progressOutput } = config;
  const deps: LayerDownloadDeps = { ...layerDownloadDeps(source, config, options), layerScanner: undefined };
  const blobs = new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob]));
  for (const blob of blobs.keys()) {
    progressOutput({ id: shortId(blob), action: 'Pulling fs layer', phase: 'queued' });
  }
  await sideBySide(
    blobs.values(),
    CONCURRENCY,
    (blob, signal) => bringIn(blob, deps, config, signal),
    options,
  );
  return { imageId: digest as unknown as ImageID, platform: undefined, layers: manifest.layers };
}

async function bringIn(
  blob: Descriptor,
  deps: LayerDownloadDeps,
  { progressOutput }: ImagePullConfig,
  signal: AbortSignal,
): Promise<void> {
  const layer = createLayerDownload(blob, deps);
  await layer.download(progressOutput, { signal });
  progressOutput({ id: layer.id, action: 'Pull complete', lastUpdate: true, phase: 'done' });
}
