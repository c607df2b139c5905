import { isStowageError, StowageError } from '@stowage/types';
import type { Bytes, Descriptor, ImagePushConfig } from '@stowage/types';
import type { PushImageOptions } from './push-context.ts';
import type { PushDocument } from './push-plan.ts';
import type { PushedLayer } from './push-result.ts';
import type { PushTarget } from './push-target.ts';

const GUIDE = 'https://docs.docker.com/registry/spec/deprecated-schema-v1/';

/**
 * Puts a manifest under its tags. Where a registry refuses it, schema 1 is tried, if that was allowed.
 *
 * @param image what schema 1 is made of; `undefined` for an index, which it cannot say
 */
export async function putManifest(
  { bytes, mediaType }: PushDocument,
  tags: readonly string[],
  image: { readonly config: Bytes; readonly layers: readonly PushedLayer[] } | undefined,
  target: PushTarget,
  { trustKey, requireSchema2, progressOutput }: ImagePushConfig,
  { signal, allowSchema1Push = false }: PushImageOptions,
): Promise<Pick<Descriptor, 'digest' | 'size' | 'mediaType'>> {
  const [first = '', ...others] = tags;
  try {
    return await target.remote.manifests.put(first, bytes, mediaType, { tags: others, signal });
  } catch (error) {
    signal?.throwIfAborted();
    if (trustKey === undefined || requireSchema2 || image === undefined) throw error;
    if (!allowSchema1Push) throw deprecated(error);
    // What is rare is loaded when it is met.
    const { pushSchema1 } = await import('./push-schema1.ts');
    const put = await pushSchema1(image, tags, target, trustKey, { signal });
    const { host } = new URL(target.endpoint.url);
    const message =
      '[DEPRECATION NOTICE] support for pushing manifest v2 schema1 images will be removed in an upcoming release. ' +
      `Please contact admins of the ${host} registry NOW to avoid future disruption. More information at ${GUIDE}`;
    progressOutput({ id: '', message });
    return put;
  }
}

/** Registries of schema 1 call every tag of the other manifests invalid. */
function deprecated(error: unknown): unknown {
  if (!isStowageError(error) || !error.message.endsWith('tag invalid')) return error;
  const message =
    '[DEPRECATED] support for pushing manifest v2 schema1 images has been removed. ' +
    `More information at ${GUIDE}: ${error.message}`;
  return new StowageError(error.code, message, { cause: error });
}
