import { chainId, digestBytes } from '@stowage/core';
import { encodeV1Image, parseDigest, v1IdContent } from '@stowage/types';
import type { Bytes, Digest, Layer, V1Image } from '@stowage/types';
import type { SavedImage } from './saved-image.ts';

/** The image of version 1 that a layer is saved as. */
export interface V1Layer {
  /** 64 hexadecimal characters. */
  readonly id: string;
  readonly json: Bytes;
  readonly layer: Layer;
}

const EPOCH = '1970-01-01T00:00:00Z';

/** The images of version 1 that an image's layers become, base first, with the IDs that docker gives them. */
export async function v1Chain({ image, layers }: SavedImage): Promise<V1Layer[]> {
  const { os } = image.config;
  const chain: V1Layer[] = [];
  let parent: Digest | undefined;
  for (const [at, layer] of layers.entries()) {
    // What the image says of itself is said by its top layer.
    const { id: _, ...said }: V1Image = at === layers.length - 1 ? image.config : { created: EPOCH };
    const digest = await digestBytes(
      v1IdContent(said, chainId(image.config.rootfs.diff_ids.slice(0, at + 1)), parent),
    );
    const id = parseDigest(digest).encoded;
    const json = encodeV1Image({
      ...said,
      id,
      ...(parent === undefined ? {} : { parent: parseDigest(parent).encoded }),
      ...(os === undefined ? {} : { os }),
    });
    chain.push({ id, json, layer });
    parent = digest;
  }
  return chain;
}
