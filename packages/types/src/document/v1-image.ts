import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import type { ChainID, Digest } from '../digest/digest.ts';
import { parseJsonObject, validate } from './document.ts';
import type { ParseOptions } from './document.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { sortMembers } from '../go-json/go-json-member.ts';
import { readGoStruct, writeGoStruct } from '../go-json/go-json-struct.ts';
import { isGoTime } from '../go-json/go-time.ts';
import { containerConfigSchema, integerSchema } from './image-config-container.ts';
import type { ImageConfig } from './image-config.ts';
import { V1_IMAGE } from './image-config-struct.ts';

/** An image as docker described one before images were addressed by content: one for each layer. */
export type V1Image = Omit<ImageConfig, 'rootfs' | 'history' | 'os.version' | 'os.features'>;

const text = z.exactOptional(z.string());
const v1Schema: z.ZodMiniType<V1Image> = z.looseObject({
  id: text,
  parent: text,
  comment: text,
  created: z.exactOptional(z.string().check(z.refine(isGoTime, { error: 'invalid time' }))),
  container: text,
  container_config: z.exactOptional(containerConfigSchema),
  docker_version: text,
  author: text,
  config: z.exactOptional(containerConfigSchema),
  architecture: text,
  variant: text,
  os: text,
  Size: z.exactOptional(integerSchema),
});

/**
 * Parses the description of an image of version 1, as it stands in the `v1Compatibility` of a schema 1 manifest and in
 * the `json` files of old archives. Unknown members survive.
 *
 * @param input JSON
 * @param options limits
 * @throws `INVALID_MANIFEST` for malformed ones; `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parseV1Image } from '@stowage/types';
 *
 * console.log(parseV1Image('{"os":"linux","config":{"Cmd":"/hello"}}').config?.Cmd); // [ '/hello' ]
 * ```
 */
export function parseV1Image(input: Bytes | string, options: ParseOptions = {}): V1Image {
  const document = parseJsonObject(input, 'image', options);
  return validate(v1Schema, readGoStruct(document, V1_IMAGE), 'image');
}

/**
 * Encodes an image of version 1 as moby 20.10 writes it into archives: members in docker's order, `created` and
 * `container_config` always there, members that docker does not know left out.
 *
 * @param image the image
 * @throws `INVALID_ARGUMENT` where `created` is not RFC 3339
 *
 * @example
 * ```ts
 * import { encodeV1Image } from '@stowage/types';
 *
 * const json = new TextDecoder().decode(encodeV1Image({ os: 'linux', id: 'ab' }));
 * console.log(json.startsWith('{"id":"ab","created":"0001-01-01T00:00:00Z","container_config":{')); // true
 * ```
 */
export function encodeV1Image(image: V1Image): Bytes {
  return encodeGoJson(writeGoStruct(image, V1_IMAGE));
}

/**
 * What the ID of an image of version 1 is the SHA-256 of (moby's `CreateID`): the image without its ID, the layer that
 * it stands for and the ID of its parent, sorted by name.
 *
 * @param image the image
 * @param layer the ChainID of the layer
 * @param parent the ID of the parent with its algorithm; none for the base
 * @throws `INVALID_ARGUMENT` where `created` is not RFC 3339
 *
 * @example
 * ```ts
 * import { asDigest, v1IdContent } from '@stowage/types';
 * import type { ChainID } from '@stowage/types';
 *
 * const layer = asDigest('sha256:' + 'a'.repeat(64)) as ChainID;
 * const content = v1IdContent({ os: 'linux' }, layer);
 * console.log(new TextDecoder().decode(content).includes('"layer_id":"sha256:aaaa')); // true
 * ```
 */
export function v1IdContent(image: V1Image, layer: ChainID, parent?: Digest): Bytes {
  const { id: _, ...rest } = image;
  const members = writeGoStruct(rest, V1_IMAGE).set('layer_id', layer);
  if (parent !== undefined) members.set('parent', parent);
  return encodeGoJson(sortMembers(members));
}
