import { parseManifest, StowageError } from '@stowage/types';
import type { AbortOptions, ContentStore, Digest } from '@stowage/types';
import { MAX_MANIFEST_BYTES } from '../pull/manifest-cache.ts';
import type { PullResult } from '../pull/pull-result.ts';
import type { PullArtifactResult, PulledFile } from './artifact-types.ts';
import { TITLE } from './title.ts';

/**
 * What is in an artifact that was pulled.
 *
 * @throws `UNSUPPORTED` for an image
 */
export async function readArtifact(
  result: PullResult,
  content: ContentStore,
  options: AbortOptions,
): Promise<PullArtifactResult> {
  const { artifactType, imageId } = result;
  if (artifactType === undefined) {
    throw new StowageError('UNSUPPORTED', `${result.reference} is an image, not an artifact`);
  }
  // What stands for the image's ID is the digest of the artifact's manifest.
  const digest: Digest = imageId;
  const bytes = await content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
  const { subject, annotations = {} } = parseManifest(bytes);
  const files = result.layers.map((layer): PulledFile => {
    const title = layer.annotations?.[TITLE];
    return {
      ...layer,
      ...(title === undefined ? {} : { title }),
      open: (opening) => content.open(layer.digest, opening),
    };
  });
  const about = subject === undefined ? {} : { subject: subject.digest };
  return { ...result, artifactType, annotations, ...about, files };
}
