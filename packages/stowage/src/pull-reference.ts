import { hostPlatform } from '@stowage/core';
import {
  familiarName,
  formatReference,
  isStowageError,
  referenceName,
  StowageError,
  storedReference,
  trimNamed,
  withDigest,
} from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  ImageID,
  ImagePullConfig,
  Lease,
  Reference,
  ReferenceChanges,
  ReferenceStore,
  Repository,
} from '@stowage/types';
import { ManifestCache } from './manifest-cache.ts';
import type { ManifestTarget } from './manifest-cache.ts';
import type { PullContext } from './pull-context.ts';
import { pullImage } from './pull-image.ts';
import type { PullResult } from './pull-result.ts';
import { selectManifest } from './select-manifest.ts';

/** Pulls one tag or one digest from one endpoint (moby's `pullV2Tag`). */
export async function pullReference(
  remote: Repository,
  reference: Reference,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PullResult> {
  const lease = await config.leases?.create(options);
  try {
    return await pullLeased(remote, reference, config, lease, options);
  } finally {
    await lease?.release();
  }
}

async function pullLeased(
  remote: Repository,
  reference: Reference,
  config: ImagePullConfig,
  lease: Lease | undefined,
  options: PullContext,
): Promise<PullResult> {
  const { contentStore } = config;
  const { shared, clock } = options;
  const cache = new ManifestCache({ contentStore, remote, reference, shared, clock, lease });
  const found = await cache.get(await resolveTarget(remote, reference, options), options);
  const platform = config.platform ?? hostPlatform();
  const { manifest, descriptor } = await selectManifest(found, platform, cache, options);
  await lease?.add([manifest.config.digest, ...manifest.layers.map(({ digest }) => digest)], options);

  const progressId = reference.digest === undefined ? (reference.tag ?? '') : formatReference(reference);
  config.progressOutput({ id: progressId, message: `Pulling from ${repositoryTitle(reference, remote)}` });
  const source = { remote, repository: referenceName(reference) };
  const image = await pullImage(manifest, source, config, options);
  config.progressOutput({ id: '', message: `Digest: ${found.descriptor.digest}` });

  const targets = { image: descriptor, named: found.descriptor };
  const updated = await nameImage(config.referenceStore, reference, image.imageId, targets, options);
  return {
    reference: formatReference(storedReference(reference)),
    imageId: image.imageId,
    digest: found.descriptor.digest,
    platform: image.platform,
    layers: image.layers,
    status: updated ? 'downloaded' : 'up-to-date',
  };
}

async function resolveTarget(
  remote: Repository,
  { tag, digest }: Reference,
  options: AbortOptions,
): Promise<ManifestTarget> {
  if (digest !== undefined) return { digest };
  if (tag === undefined) {
    throw new StowageError('INVALID_REFERENCE', 'internal error: reference has neither a tag nor a digest');
  }
  return remote.manifests.head(tag, options);
}

/** What docker prints after "Pulling from": the host is left out, `library/` is not. */
function repositoryTitle(reference: Reference, remote: Repository): string {
  return reference.domain === 'docker.io' ? remote.name : (reference.path ?? familiarName(reference));
}

/**
 * Gives the pulled image its names: the digest that it was pulled by, and the tag.
 *
 * @returns whether the reference named another image before, or none
 */
async function nameImage(
  references: ReferenceStore | undefined,
  reference: Reference,
  imageId: ImageID,
  targets: { readonly image: Descriptor; readonly named: Descriptor },
  options: AbortOptions,
): Promise<boolean> {
  if (references === undefined) return true;
  return references.update(async (changes) => {
    const before = await changes.find(reference);
    // A digest names what it named first. An image of another platform of the same index is named by its own manifest.
    const named = await addDigest(changes, reference, imageId, targets.named);
    if (!named) await addDigest(changes, reference, imageId, targets.image);
    if (reference.digest === undefined) {
      await changes.addTag(reference, imageId, true, { target: targets.image });
    }
    return before?.imageId !== imageId;
  }, options);
}

/** Whether the digest was free to name the image, or does already. */
async function addDigest(
  changes: ReferenceChanges,
  reference: Reference,
  imageId: ImageID,
  target: Descriptor,
): Promise<boolean> {
  const pinned = withDigest(trimNamed(reference), target.digest);
  try {
    await changes.addDigest(pinned, imageId, false, { target });
    return true;
  } catch (error) {
    if (isStowageError(error, 'CONFLICT')) return false;
    throw error;
  }
}
