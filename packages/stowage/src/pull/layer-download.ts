import { iterate } from '@stowage/core';
import { createV2MetadataService } from '@stowage/image-store';
import { createProgressThrottle, isStowageError, shortId, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Clock,
  ContentStore,
  Descriptor,
  DiffID,
  DownloadedLayer,
  ImagePullConfig,
  Ingest,
  LayerDownload,
  LayerScanner,
  ProgressOutput,
  ProgressThrottle,
  Repository,
  V2MetadataService,
} from '@stowage/types';
import { openIngest } from './open-ingest.ts';
import { beginScan } from './tolerant-scan.ts';

/** Where layers come from. */
export interface LayerSource {
  readonly remote: Repository;
  /** The repository's full name, for example `docker.io/library/busybox`. */
  readonly repository: string;
}

/** What a layer download works with. */
export interface LayerDownloadDeps {
  readonly contentStore: ContentStore;
  /** Remembers which blob holds which layer, and where it was seen. */
  readonly layerMetadata: V2MetadataService;
  readonly remote: Repository;
  /** The full name of the repository. */
  readonly sourceRepository: string;
  readonly layerScanner?: LayerScanner | undefined;
  /** Waits for a download of the same layer in another process. */
  readonly clock: Clock;
}

/** What the layer downloads of a pull work with. */
export function layerDownloadDeps(
  { remote, repository: sourceRepository }: LayerSource,
  { contentStore, metadataStore, layerScanner }: ImagePullConfig,
  { clock }: Pick<LayerDownloadDeps, 'clock'>,
): LayerDownloadDeps {
  const layerMetadata = createV2MetadataService(metadataStore);
  return { contentStore, layerMetadata, remote, sourceRepository, layerScanner, clock };
}

/**
 * Brings one layer of a registry into the content store: resumable, hashed as it is written, and inflated and hashed
 * again for its DiffID on the way, so that no byte is read twice.
 *
 * @param descriptor the layer, from a verified manifest
 * @param deps what it works with
 */
export function createLayerDownload(descriptor: Descriptor, deps: LayerDownloadDeps): LayerDownload {
  const { digest } = descriptor;
  const id = shortId(digest);
  return {
    key: `v2:${digest}`,
    id,
    descriptor,
    diffId: (options) => knownDiffId(descriptor, deps, options),
    download: (output, options) => downloadLayer(descriptor, id, deps, output, options ?? {}),
    registered: (diffId) =>
      // It can be found out again.
      deps.layerMetadata.add(
        diffId,
        { digest, sourceRepository: deps.sourceRepository, hmac: '' },
        { durable: false },
      ),
  };
}

/** A DiffID counts as known only while the blob that it belongs to is here: the manifest needs both. */
async function knownDiffId(
  { digest }: Descriptor,
  { contentStore, layerMetadata }: LayerDownloadDeps,
  options?: AbortOptions,
): Promise<DiffID | undefined> {
  const diffId = await layerMetadata.getDiffId(digest, options);
  if (diffId === undefined) return undefined;
  try {
    await contentStore.info(digest, options);
    return diffId;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function downloadLayer(
  descriptor: Descriptor,
  id: string,
  deps: LayerDownloadDeps,
  output: ProgressOutput,
  options: AbortOptions,
): Promise<DownloadedLayer> {
  const { digest, size } = descriptor;
  const ref = `layer-${digest}`;
  const words = { id, action: 'Downloading', phase: 'downloading', total: size } as const;
  const progress = createProgressThrottle(output, words);
  const waiting = { clock: deps.clock, onWait: progress.update };
  const ingest = await openIngest(deps.contentStore, ref, { ...options, digest, size }, waiting);
  if (ingest === undefined) {
    output({ id, action: 'Download complete', phase: 'downloaded' });
    return { descriptor };
  }
  const resumedFrom = ingest.offset;
  try {
    const scanned = await receive(descriptor, ingest, deps, progress, options);
    output({ id, action: 'Verifying Checksum', phase: 'verifying' });
    await ingest.commit(options);
    output({ id, action: 'Download complete', phase: 'downloaded' });
    return { descriptor, scanned };
  } catch (error) {
    await ingest.close();
    if (!isStowageError(error, 'DIGEST_MISMATCH')) throw error;
    await deps.contentStore.abort(ref);
    // Bytes of an earlier attempt may be to blame: worth one more try from the start, and only then.
    throw new StowageError('DIGEST_MISMATCH', `filesystem layer verification failed for digest ${digest}`, {
      cause: error,
      retryable: resumedFrom > 0,
    });
  }
}

/** Streams what is missing of the blob into its ingest, and into a scan when all of it passes by. */
async function receive(
  descriptor: Descriptor,
  ingest: Ingest,
  { remote, layerScanner }: LayerDownloadDeps,
  progress: ProgressThrottle,
  options: AbortOptions,
): Promise<DownloadedLayer['scanned']> {
  const { digest, size, urls } = descriptor;
  const offset = ingest.offset;
  const scan = beginScan(offset === 0 ? layerScanner : undefined, descriptor);
  try {
    if (offset < size || size === 0) {
      progress.update(offset);
      const how = { offset, size, urls, verify: false, connections: 'auto' } as const;
      const stream = await remote.blobs.open(digest, { ...options, ...how });
      for await (const bytes of iterate(stream, options)) {
        const scanning = scan.write(bytes);
        await ingest.write(bytes, options);
        await scanning;
        progress.update(ingest.offset);
      }
      progress.finish();
    }
    return await scan.end();
  } finally {
    await scan.cancel();
  }
}
