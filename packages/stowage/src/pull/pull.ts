import { systemClock } from '@stowage/core';
import { createRepository } from '@stowage/registry';
import { createTransferManager } from '@stowage/transfer';
import {
  DEFAULT_DOMAIN,
  familiarName,
  familiarString,
  formatReference,
  isNameOnly,
  isReservedName,
  StowageError,
  withTag,
} from '@stowage/types';
import type { AbortOptions, ImagePullConfig, Reference, RegistryEndpoint, Repository } from '@stowage/types';
import type { PullContext } from './pull-context.ts';
import { pullReference } from './pull-reference.ts';
import type { PullSource } from './pull-reference.ts';
import type { PullResult } from './pull-result.ts';
import { translatePullError } from './translate-pull-error.ts';
import { tryEndpoints } from './try-endpoints.ts';

/**
 * Pulls an image, or every tag of a repository when the reference is a name alone. This is moby's own shape of a pull;
 * `openStowage` puts the configuration together.
 *
 * @param reference what to pull; a tag, a digest or a name
 * @param config where from, where to, and who is told
 * @param options `signal` ends the pull; what was downloaded is kept for the next one. `shared` lets pulls that run at
 *   the same time share downloads of manifests and configurations; `clock` waits for what other processes download
 * @throws `NOT_FOUND`, `UNAUTHENTICATED`, `UNAVAILABLE` and what else the registry answers; `DIGEST_MISMATCH` and
 *   `SIZE_MISMATCH` for content that is not what was promised; `PLATFORM_MISMATCH`; `INVALID_MANIFEST`; `DENIED` for
 *   the reserved name `scratch`
 *
 * @example
 * ```ts
 * import { openStowage } from 'stowage';
 *
 * await using stowage = await openStowage();
 * const failure = await stowage.pull('scratch').catch((error: unknown) => (error as Error).message);
 * console.log(failure); // 'scratch' is a reserved name
 * ```
 */
export async function pull(
  reference: Reference,
  config: ImagePullConfig,
  options: AbortOptions & Partial<PullContext> = {},
): Promise<PullResult> {
  const { signal, shared = createTransferManager({ concurrency: 0 }), clock = systemClock } = options;
  signal?.throwIfAborted();
  const { name } = config.registryService.resolveRepository(reference);
  if (isReservedName(name)) throw new StowageError('DENIED', `'scratch' is a reserved name`);
  const { domain = DEFAULT_DOMAIN, path: repository } = name;
  const endpoints = await config.registryService.lookupPullEndpoints(domain, { signal, repository });
  try {
    const result = await tryEndpoints(
      endpoints,
      (endpoint) =>
        pullFrom({ endpoint, remote: openRemote(endpoint, name, config) }, reference, config, {
          ...{ signal, shared, clock },
        }),
      { subject: familiarString(reference), signal },
    );
    config.imageEventLogger?.(familiarString(reference), familiarName(name), 'pull');
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw translatePullError(error, reference);
  }
}

function openRemote(
  endpoint: RegistryEndpoint,
  { path = '' }: Reference,
  config: ImagePullConfig,
): Repository {
  const { openRepository, authConfig: auth, metaHeaders } = config;
  if (openRepository !== undefined) return openRepository(endpoint, path, ['pull']);
  return createRepository({ endpoint, name: path, auth, metaHeaders, actions: ['pull'] });
}

async function pullFrom(
  source: PullSource,
  reference: Reference,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PullResult> {
  const result = isNameOnly(reference)
    ? await pullAllTags(source, reference, config, options)
    : await pullReference(source, reference, config, options);
  const status = result.status === 'downloaded' ? 'Downloaded newer image for' : 'Image is up to date for';
  config.progressOutput({ id: '', message: `Status: ${status} ${familiarString(reference)}` });
  return result;
}

async function pullAllTags(
  source: PullSource,
  name: Reference,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PullResult> {
  const images: PullResult[] = [];
  for await (const tag of source.remote.tags(options)) {
    images.push(await pullReference(source, withTag(name, tag), config, options));
  }
  const last = images.at(-1);
  if (last === undefined) throw new StowageError('NOT_FOUND', `no tags to pull for ${familiarName(name)}`);
  const updated = images.some((image) => image.status === 'downloaded');
  return { ...last, reference: formatReference(name), status: updated ? 'downloaded' : 'up-to-date', images };
}
