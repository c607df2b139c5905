import { StowageError } from '@stowage/types';
import type { AbortOptions, Descriptor, ImagePullConfig } from '@stowage/types';
import { createLayerDownload, layerDownloadDeps } from './layer-download.ts';
import type { LayerSource } from './layer-download.ts';
import type { PullContext } from './pull-context.ts';

/**
 * Brings blobs into the content store, verified by their digests, and looks into none of them.
 *
 * @param blobs from a verified manifest
 * @throws `UNSUPPORTED` for a download manager that knows of layers alone
 */
export async function storeBlobs(
  blobs: readonly Descriptor[],
  source: LayerSource,
  config: ImagePullConfig,
  options: PullContext & AbortOptions,
): Promise<void> {
  const { downloadManager, progressOutput } = config;
  if (downloadManager?.downloadBlobs === undefined) {
    throw new StowageError('UNSUPPORTED', 'the download manager of this pull cannot download blobs alone');
  }
  const deps = { ...layerDownloadDeps(source, config, options), layerScanner: undefined };
  const downloads = blobs.map((blob) => createLayerDownload(blob, deps));
  await downloadManager.downloadBlobs(downloads, progressOutput, options);
}
