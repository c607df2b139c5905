import { hostPlatform } from '@stowage/core';
import { buildSeekIndex, openSeekableLayer, readSeekIndex } from '@stowage/layer-store';
import { discardProgress, formatReference, shortId, trimNamed } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Digest,
  Platform,
  ProgressOutput,
  Reference,
  Repository,
} from '@stowage/types';
import type { ArtifactFile, PushArtifactResult } from '../artifact/artifact-types.ts';
import { pushArtifact } from '../artifact/push-artifact.ts';
import { keepIndex, keptIndex, madeIndex } from './kept-indexes.ts';
import { readRemoteImage } from './remote-image.ts';
import type { RemoteImage } from './remote-image.ts';
import { SEEK_INDEX_ARTIFACT, SEEK_INDEX_LAYER, SEEK_INDEX_OF } from './seek-index-form.ts';
import { unlessRefused } from './unless-refused.ts';
import type { ViewRemoteDeps } from './view-remote.ts';

/** How seek indexes are pushed: `PushSeekIndexesOptions`, the platform parsed. */
export interface PushSeekIndexesInit extends AbortOptions {
  readonly platform: Platform | undefined;
  readonly onProgress: ProgressOutput | undefined;
}

/** Pushes the seek indexes of an image's layers beside it; see `Stowage.pushSeekIndexes`. */
export async function pushSeekIndexes(
  reference: Reference,
  deps: ViewRemoteDeps,
  { platform = hostPlatform(), onProgress = discardProgress, signal }: PushSeekIndexesInit,
): Promise<PushArtifactResult> {
  const { access, storage } = deps;
  const work = async (
    remote: Repository,
  ): Promise<{ readonly subject: Digest; readonly files: ArtifactFile[] }> => {
    const init = { reference, platform, content: storage.content };
    const { descriptor, layers } = await readRemoteImage(remote, init, { signal });
    // One after the other: workers inflate a large layer as fast as it comes.
    const files = new Map<Digest, ArtifactFile>();
    for (const layer of layers) {
      const { digest } = layer.descriptor;
      if (files.has(digest)) continue;
      const content = await indexOf(layer, remote, storage, { onProgress, signal });
      files.set(digest, { content, mediaType: SEEK_INDEX_LAYER, annotations: { [SEEK_INDEX_OF]: digest } });
    }
    return { subject: descriptor.digest, files: [...files.values()] };
  };
  const { subject, files } = await access.read(reference, work, { signal });
  return await pushArtifact(formatReference(trimNamed(reference)), access, {
    ...{ artifactType: SEEK_INDEX_ARTIFACT, files, subject, onProgress, signal },
  });
}

/** Of what is here, only indexes that were made here: what others pushed is theirs to vouch for. */
async function indexOf(
  { descriptor, diffId }: RemoteImage['layers'][number],
  { blobs: content }: Repository,
  storage: ViewRemoteDeps['storage'],
  { onProgress, signal }: AbortOptions & { readonly onProgress: ProgressOutput },
): Promise<Bytes> {
  const { digest } = descriptor;
  const { metadata } = storage;
  const places = [
    () => readSeekIndex(storage, diffId, { signal }),
    () => keptIndex(metadata, madeIndex(digest), { signal }),
  ];
  for (const read of places) {
    const index = await read();
    // It may be that of the same layer in another blob.
    const opened =
      index && (await unlessRefused(openSeekableLayer({ content, descriptor, diffId, index }), { signal }));
    if (opened !== undefined) return index as Bytes;
  }
  const id = shortId(digest);
  onProgress({ id, action: 'Reading' });
  const index = await buildSeekIndex({ content, descriptor, diffId }, { signal });
  await keepIndex(metadata, madeIndex(digest), index, { signal });
  onProgress({ id, action: 'Read complete', lastUpdate: true });
  return index;
}
