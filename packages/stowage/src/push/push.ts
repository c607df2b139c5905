import {
  DEFAULT_DOMAIN,
  familiarName,
  familiarString,
  formatReference,
  isNameOnly,
  isTagged,
  MEDIA_TYPES,
  referenceName,
  StowageError,
} from '@stowage/types';
import type { ImagePushConfig, Reference, ReferenceAssociation, ReferenceStore } from '@stowage/types';
import { tryEndpoints } from '../pull/try-endpoints.ts';
import type { PushImageOptions } from './push-context.ts';
import { explainPushError } from './push-errors.ts';
import type { PushResult } from './push-result.ts';
import { pushTags } from './push-tags.ts';
import type { SameImage } from './push-tags.ts';
import { PushTarget } from './push-target.ts';

/**
 * Pushes an image, or every tag of a repository when the reference is a name alone. This is moby's own shape of a push;
 * `Stowage.push` puts the configuration together.
 *
 * An image that came from a registry goes as it came, with the same digests, while nothing of it changed. What the
 * registry has is not sent: blobs are asked for, and mounted from other repositories, by moby's rules. Nothing has a tag
 * before all of it is there.
 *
 * @param reference a tag or a name
 * @param config where from, where to, and who is told
 * @param options `signal` ends the push; how layers are compressed; whether all platforms go
 * @throws `NOT_FOUND` for what is not in the store; `CONFLICT` for a tag that the registry does not let move;
 *   `LIMIT_EXCEEDED` where it has no room left; whatever else it answers, in its words; `INVALID_REFERENCE` for a digest
 *
 * @example
 * ```ts
 * import { openStowage } from 'stowage';
 *
 * await using stowage = await openStowage();
 * const failure = await stowage.push('localhost/app').catch((error: unknown) => (error as Error).message);
 * console.log(failure); // An image does not exist locally with the tag: localhost/app
 * ```
 */
export async function push(
  reference: Reference,
  config: ImagePushConfig,
  options: PushImageOptions = {},
): Promise<PushResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { name } = config.registryService.resolveRepository(reference);
  const { domain = DEFAULT_DOMAIN, path: repository } = name;
  const fullName = referenceName(name);
  config.progressOutput({ id: '', message: `The push refers to repository [${fullName}]` });
  const { referenceStore } = config;
  const known = (await referenceStore?.referencesByName(name, { signal })) ?? [];
  if (referenceStore === undefined || known.length === 0) {
    const message = `An image does not exist locally with the tag: ${familiarName(name)}`;
    throw new StowageError('NOT_FOUND', message);
  }
  const endpoints = await config.registryService.lookupPushEndpoints(domain, { signal, repository });
  try {
    const result = await tryEndpoints(
      endpoints,
      async (endpoint) => {
        const target = await PushTarget.open(endpoint, name, config);
        return await pushAll(chosen(reference, known), target, config, referenceStore, options);
      },
      { subject: fullName, signal },
    );
    config.imageEventLogger?.(familiarString(reference), familiarName(name), 'push');
    return isNameOnly(reference) ? { ...result, reference: formatReference(name) } : result;
  } catch (error) {
    signal?.throwIfAborted();
    throw explainPushError(error);
  }
}

/** What is pushed: tags of one image together. */
function chosen(reference: Reference, known: readonly ReferenceAssociation[]): readonly SameImage[] {
  if (!isNameOnly(reference)) {
    const { tag, digest } = reference;
    if (digest !== undefined || tag === undefined) {
      throw new StowageError('INVALID_REFERENCE', 'cannot push a digest reference');
    }
    const one = known.find((association) => association.reference.tag === tag);
    if (one === undefined) {
      throw new StowageError('NOT_FOUND', `tag does not exist: ${familiarString(reference)}`);
    }
    return [[one]];
  }
  const groups = new Map<string, [ReferenceAssociation, ...ReferenceAssociation[]]>();
  for (const association of known) {
    if (!isTagged(association.reference) || isArtifact(association)) continue;
    const key = `${association.imageId} ${association.target.digest}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [association]);
    else group.push(association);
  }
  if (groups.size > 0) return [...groups.values()];
  throw new StowageError('NOT_FOUND', `no tags to push for ${familiarName(reference)}`);
}

async function pushAll(
  groups: readonly SameImage[],
  target: PushTarget,
  config: ImagePushConfig,
  references: ReferenceStore,
  options: PushImageOptions,
): Promise<PushResult> {
  const images: PushResult[] = [];
  for (const group of groups) images.push(...(await pushTags(group, target, config, references, options)));
  images.sort((a, b) => (a.reference < b.reference ? -1 : 1));
  const last = images.at(-1) as PushResult;
  return images.length === 1 ? last : { ...last, images };
}

/** Whether a name is that of an artifact: what stands in the place of an image's ID is then its manifest. */
function isArtifact({ imageId, target }: ReferenceAssociation): boolean {
  return (imageId as string) === target.digest && target.mediaType === MEDIA_TYPES.ociManifest;
}
