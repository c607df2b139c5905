import type { Digest, ImageID, ImageManifest, ImagePullConfig } from '@stowage/types';
import type { LayerSource } from './layer-download.ts';
import type { PullContext } from './pull-context.ts';
import type { PulledImage } from './pull-image.ts';
import { storeBlobs } from './store-blobs.ts';

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
  await storeBlobs([manifest.config, ...manifest.layers], source, config, options);
  return { imageId: digest as unknown as ImageID, platform: undefined, layers: manifest.layers };
}
