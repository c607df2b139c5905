import { hostPlatform } from '@stowage/core';
import {
  DEFAULT_DOMAIN,
  familiarName,
  familiarString,
  formatReference,
  isRegistryError,
  isBareRegistryError,
  referenceName,
  StowageError,
  storedReference,
} from '@stowage/types';
import type {
  AbortOptions,
  ImageManifest,
  ImagePullConfig,
  Lease,
  Reference,
  RegistryEndpoint,
  Repository,
  SignedManifest,
} from '@stowage/types';
import { describeManifest } from './describe-manifest.ts';
import { ManifestCache } from './manifest-cache.ts';
import type { CachedManifest, ManifestTarget } from './manifest-cache.ts';
import { checkConfigClass, isArtifact } from './media-types.ts';
import { nameImage } from './name-image.ts';
import type { PullContext } from './pull-context.ts';
import { pullImage } from './pull-image.ts';
import type { PulledImage } from './pull-image.ts';
import type { PullResult } from './pull-result.ts';
import { selectManifest } from './select-manifest.ts';

const SCHEMA1_GUIDE = 'https://docs.docker.com/registry/spec/deprecated-schema-v1/';

/** Where something is pulled from. */
export interface PullSource {
  readonly endpoint: RegistryEndpoint;
  readonly remote: Repository;
}

/** Pulls one tag or one digest from one endpoint (moby's `pullV2Tag`). */
export async function pullReference(
  source: PullSource,
  reference: Reference,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PullResult> {
  const lease = await config.leases?.create(options);
  try {
    return await pullLeased(source, reference, config, lease, options);
  } finally {
    await lease?.release();
  }
}

async function pullLeased(
  source: PullSource,
  reference: Reference,
  config: ImagePullConfig,
  lease: Lease | undefined,
  options: PullContext,
): Promise<PullResult> {
  const { contentStore } = config;
  const { remote } = source;
  const { shared, clock } = options;
  const cache = new ManifestCache({ contentStore, remote, reference, shared, clock, lease });
  const found = await findManifest(source, reference, cache, config, options);
  if (found.manifest.kind === 'manifest') checkConfigClass(found.manifest, config.schema2Types);

  const progressId = reference.digest === undefined ? (reference.tag ?? '') : formatReference(reference);
  config.progressOutput({ id: progressId, message: `Pulling from ${repositoryTitle(reference, remote)}` });
  const { manifest, descriptor } = await selectManifest(
    found,
    config.platform ?? hostPlatform(),
    cache,
    options,
  );
  const image = await pullManifest(manifest, found, descriptor.digest, {
    ...{ reference, remote, config, lease },
    ...options,
  });
  config.progressOutput({ id: '', message: `Digest: ${found.descriptor.digest}` });

  const targets = { image: descriptor, named: found.descriptor };
  const updated = await nameImage(config.referenceStore, reference, image.imageId, targets, options);
  return {
    reference: formatReference(storedReference(reference)),
    imageId: image.imageId,
    digest: found.descriptor.digest,
    platform: image.platform ?? config.platform ?? hostPlatform(),
    layers: image.layers,
    status: updated ? 'downloaded' : 'up-to-date',
    ...(image.platform === undefined ? { artifactType: artifactTypeOf(manifest) } : {}),
  };
}

/** What all kinds of manifests are pulled with. */
interface ManifestContext extends PullContext {
  readonly reference: Reference;
  readonly remote: Repository;
  readonly config: ImagePullConfig;
  readonly lease: Lease | undefined;
}

async function pullManifest(
  manifest: ImageManifest | SignedManifest,
  found: CachedManifest,
  digest: CachedManifest['descriptor']['digest'],
  context: ManifestContext,
): Promise<PulledImage> {
  const { reference, remote, config, lease, ...options } = context;
  const source = { remote, repository: referenceName(reference) };
  if (manifest.kind === 'signed') {
    warnOfSchema1(found, reference, config);
    const digests = manifest.fsLayers.map(({ blobSum }) => blobSum);
    await lease?.add(digests, options);
    // What is rare is loaded when it is met.
    const { pullSchema1 } = await import('./pull-schema1.ts');
    return await pullSchema1(manifest, familiarString(reference), source, config, options);
  }
  await lease?.add([manifest.config.digest, ...manifest.layers.map((layer) => layer.digest)], options);
  if (isArtifact(manifest)) {
    const { pullArtifact } = await import('./pull-artifact.ts');
    return await pullArtifact(manifest, digest, source, config, options);
  }
  return await pullImage(manifest, source, config, options);
}

/** Refuses schema 1 where it is not wanted, and says what docker says of it. */
function warnOfSchema1({ manifest }: CachedManifest, reference: Reference, config: ImagePullConfig): void {
  if (config.requireSchema2) throw new StowageError('INVALID_MANIFEST', 'invalid manifest: not schema2');
  const subject = familiarString(reference);
  if (manifest.kind === 'index') {
    const message =
      '[DEPRECATION NOTICE] v2 schema1 manifests in manifest lists are not supported and will break in a ' +
      `future release. Suggest author of ${subject} to upgrade to v2 schema2. More information at ${SCHEMA1_GUIDE}`;
    config.progressOutput({ id: '', message });
  } else if ((reference.domain ?? DEFAULT_DOMAIN) === DEFAULT_DOMAIN) {
    const message =
      `Image ${subject} uses outdated schema1 manifest format. Please upgrade to a schema2 image for better ` +
      `future compatibility. More information at ${SCHEMA1_GUIDE}`;
    config.progressOutput({ id: '', message });
  }
}

function artifactTypeOf(manifest: ImageManifest | SignedManifest): string {
  return manifest.kind === 'signed' ? '' : (manifest.artifactType ?? manifest.config.mediaType);
}

/** What a reference names. Registries that know a tag, and not the digest that they say it has, are asked by tag. */
async function findManifest(
  { endpoint, remote }: PullSource,
  reference: Reference,
  cache: ManifestCache,
  config: ImagePullConfig,
  options: AbortOptions,
): Promise<CachedManifest> {
  const target = await resolveTarget(remote, reference, options);
  try {
    return await cache.get(target, options);
  } catch (error) {
    const { tag, digest } = reference;
    if (digest !== undefined || tag === undefined || !isUnknown(error)) throw error;
    config.progressOutput({ id: 'WARNING', message: byTagWarning(endpoint.url) });
    return await cache.getByTag(tag, options);
  }
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
  return await describeManifest(remote, tag, options);
}

const UNKNOWN_CODES: readonly string[] = ['DENIED', 'MANIFEST_UNKNOWN', 'NAME_UNKNOWN'];

/** Whether a registry says in full that there is no such thing. */
function isUnknown(error: unknown): boolean {
  return (
    isRegistryError(error) &&
    error.errors.some((item) => !isBareRegistryError(item) && UNKNOWN_CODES.includes(item.code))
  );
}

function byTagWarning(url: string): string {
  return (
    '\u26A0\uFE0F Failed to pull manifest by the resolved digest. This registry does not\n' +
    '\tappear to conform to the distribution registry specification; falling back to\n' +
    '\tpull by tag.  This fallback is DEPRECATED, and will be removed in a future\n' +
    `\trelease.  Please contact admins of ${url}. \u26A0\uFE0F\n`
  );
}

/** What docker prints after "Pulling from": the host is left out, `library/` is not. */
function repositoryTitle(reference: Reference, remote: Repository): string {
  return reference.domain === DEFAULT_DOMAIN ? remote.name : (reference.path ?? familiarName(reference));
}
