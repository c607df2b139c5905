import { createProgressAggregate } from '@stowage/types';
import type {
  Clock,
  ImagePullConfig,
  LayerDownload,
  ProgressSnapshot,
  RootFSDownloadManager,
} from '@stowage/types';

/**
 * Has a pull tell where it stands as a whole: with the sizes of all layers from the moment on that its manifest is known.
 *
 * @param config of the pull
 * @param onSnapshot told after every step
 */
export function observeWhole(
  config: ImagePullConfig,
  onSnapshot: (snapshot: ProgressSnapshot) => void,
  clock: Clock,
): ImagePullConfig {
  const aggregate = createProgressAggregate({ clock });
  const { downloadManager: inner, progressOutput } = config;
  const declare = (downloads: readonly LayerDownload[]): void => {
    // Schema 1 says nothing of sizes.
    for (const { id, descriptor } of downloads)
      if (descriptor.size > 0) aggregate.declare(id, descriptor.size);
  };
  const downloadBlobs = inner?.downloadBlobs?.bind(inner);
  const downloadManager: RootFSDownloadManager | undefined = inner && {
    download: (initialRootFS, os, layers, output, options) => {
      declare(layers);
      return inner.download(initialRootFS, os, layers, output, options);
    },
    ...(downloadBlobs !== undefined && {
      downloadBlobs: (blobs, output, options) => {
        declare(blobs);
        return downloadBlobs(blobs, output, options);
      },
    }),
  };
  return {
    ...config,
    downloadManager,
    progressOutput: (progress) => {
      progressOutput(progress);
      onSnapshot(aggregate.feed(progress));
    },
  };
}
