import { digestBytes, streamOf } from '@stowage/core';
import { buildSchema1Payload, EMPTY_LAYER_DIGEST, emptyLayer, MEDIA_TYPES } from '@stowage/types';
import type { AbortOptions, Bytes, Descriptor, TrustKey } from '@stowage/types';
import type { PushedLayer } from './push-result.ts';
import type { PushTarget } from './push-target.ts';
import { hasBlob } from './send-plan.ts';
import { signPayload } from './sign-payload.ts';

/** Puts an image of which the layers are in the registry under its tags, as manifests of schema 1 signed with a key. */
export async function pushSchema1(
  { config, layers }: { readonly config: Bytes; readonly layers: readonly PushedLayer[] },
  tags: readonly string[],
  { remote }: PushTarget,
  key: TrustKey,
  options: AbortOptions,
): Promise<Descriptor> {
  let put: Descriptor | undefined;
  for (const tag of tags) {
    const digests = layers.map(({ digest }) => digest);
    const payload = await buildSchema1Payload(
      { name: remote.name, tag, config, layers: digests },
      digestBytes,
    );
    if (payload.usesEmptyLayer && !(await hasBlob({ digest: EMPTY_LAYER_DIGEST }, remote, options))) {
      const bytes = emptyLayer();
      const open = (offset: number) => Promise.resolve(streamOf(bytes.subarray(offset)));
      await remote.blobs.upload({ ...options, digest: EMPTY_LAYER_DIGEST, size: bytes.length, open });
    }
    // Every tag is a part of its manifest.
    const signed = await signPayload(payload, key, options);
    put = await remote.manifests.put(tag, signed, MEDIA_TYPES.dockerSchema1Signed, options);
  }
  return put as Descriptor;
}
