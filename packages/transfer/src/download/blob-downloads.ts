import { withRetries } from '../retry/retry.ts';
import { untilAborted } from '../shared/abort.ts';
import type { TransferManager } from '../shared/transfer-manager.ts';
import type { TransferJob, Watcher } from '../shared/transfer.ts';
import type { AbortOptions, Clock, DownloadedLayer, LayerDownload, ProgressOutput } from '@stowage/types';

/** What all downloads use. */
export interface BlobDownloadDeps {
  /** Runs the downloads, so many at a time, each blob once. */
  readonly downloads: TransferManager;
  readonly maxAttempts: number;
  readonly clock: Clock;
}

/** Starts the download of a blob, or joins whoever else wants it. Give the watcher back when it is no longer wanted. */
export function startDownload(
  layer: LayerDownload,
  { downloads, maxAttempts, clock }: BlobDownloadDeps,
  progressOutput: ProgressOutput,
): Watcher<DownloadedLayer> {
  const job: TransferJob<DownloadedLayer> = ({ signal, progress }) =>
    withRetries(() => layer.download(progress, { signal }), {
      id: layer.id,
      noun: 'download',
      // As moby 20.10 counts: one more try than the number says.
      retries: maxAttempts,
      clock,
      progress,
      signal,
    });
  const { watcher } = downloads.transfer(layer.key, job, progressOutput, {
    queued: { id: layer.id, action: 'Waiting', phase: 'queued' },
  });
  return watcher;
}

/**
 * Downloads blobs that are no layers, or not yet, together with whoever else wants them. On failure or abort the work
 * goes on only where others want it.
 */
export async function bringInBlobs(
  blobs: readonly LayerDownload[],
  deps: BlobDownloadDeps,
  progressOutput: ProgressOutput,
  options: AbortOptions,
): Promise<void> {
  const keys = new Set<string>();
  const distinct = blobs.filter(({ key }) => keys.size < keys.add(key).size);
  for (const { id } of distinct) progressOutput({ id, action: 'Pulling fs layer', phase: 'queued' });
  const watchers = distinct.map((blob) => startDownload(blob, deps, progressOutput));
  const finished = watchers.map(async ({ done }, index) => {
    await done;
    const { id } = distinct[index] as LayerDownload;
    progressOutput({ id, action: 'Pull complete', lastUpdate: true, phase: 'done' });
  });
  try {
    await untilAborted(Promise.all(finished), options.signal);
  } finally {
    // What nobody else wants has wound down before the caller hears of the end.
    await Promise.allSettled(watchers.map((watcher) => watcher.release()));
  }
}
