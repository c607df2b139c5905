import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import { parseJsonObject, validate } from './document.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { decodeGoJsonMembers } from '../go-json/go-json-decode.ts';
import { sortMembers } from '../go-json/go-json-member.ts';
import { goStruct, optional, readGoStruct, writeGoStruct } from '../go-json/go-json-struct.ts';
import type { GoStruct } from '../go-json/go-json-struct.ts';
import { normalizeGoTime, ZERO_GO_TIME } from '../go-json/go-time.ts';
import type { History, RootFS } from './image-config.ts';
import { HISTORY, ROOT_FS, V1_IMAGE } from './image-config-struct.ts';
import { parseV1Image } from './v1-image.ts';

/** The first docker whose descriptions of images are taken as they are. */
const FIRST_EXACT_VERSION = [1, 8, 3] as const;

/** What a configuration has no use for of an image of version 1. */
const DROPPED = ['id', 'parent', 'Size', 'parent_id', 'layer_id', 'throwaway'] as const;

const VERSION: GoStruct = goStruct(optional('docker_version', 'text'));
const versionSchema = z.looseObject({ docker_version: z._default(z.string(), '') });

/**
 * The step of an image's history that an image of version 1 stands for (moby's `HistoryFromConfig`).
 *
 * @param input the image, JSON
 * @param emptyLayer whether it made no layer
 * @throws `INVALID_MANIFEST` where it is malformed
 *
 * @example
 * ```ts
 * import { historyFromV1Config } from '@stowage/types';
 *
 * const step = historyFromV1Config('{"container_config":{"Cmd":["/bin/sh","-c","make"]}}', false);
 * console.log(step.created_by, step.created); // /bin/sh -c make 0001-01-01T00:00:00Z
 * ```
 */
export function historyFromV1Config(input: Bytes | string, emptyLayer: boolean): History {
  const { created, author = '', comment = '', container_config } = parseV1Image(input);
  const createdBy = container_config?.Cmd?.join(' ') ?? '';
  return {
    created: created === undefined ? ZERO_GO_TIME : normalizeGoTime(created),
    ...(author === '' ? {} : { author }),
    ...(createdBy === '' ? {} : { created_by: createdBy }),
    ...(comment === '' ? {} : { comment }),
    ...(emptyLayer ? { empty_layer: true } : {}),
  };
}

/**
 * Makes an image configuration of an image of version 1, its layers and its history (moby's `MakeConfigFromV1Config`).
 * Images of docker before 1.8.3 pass through {@link V1Image} first, which drops what it does not know; of others every
 * value stays as it is written. The result is the same everywhere, and so is the image ID that it hashes to.
 *
 * @param input the image, JSON
 * @param rootfs its layers
 * @param history its steps, base first
 * @throws `INVALID_MANIFEST` where the image is malformed
 *
 * @example
 * ```ts
 * import { makeConfigFromV1Config } from '@stowage/types';
 *
 * const image = '{"id":"ab","docker_version":"1.9.0","os":"linux"}';
 * const config = makeConfigFromV1Config(image, { type: 'layers', diff_ids: [] }, []);
 * console.log(new TextDecoder().decode(config));
 * // {"docker_version":"1.9.0","history":[],"os":"linux","rootfs":{"type":"layers"}}
 * ```
 */
export function makeConfigFromV1Config(
  input: Bytes | string,
  rootfs: RootFS,
  history: readonly History[],
): Bytes {
  const document = readGoStruct(parseJsonObject(input, 'image'), VERSION);
  const { docker_version: version } = validate(versionSchema, document, 'image');
  const members: Map<string, unknown> = isBefore(version, FIRST_EXACT_VERSION)
    ? writeGoStruct(parseV1Image(input), V1_IMAGE)
    : decodeGoJsonMembers(input);
  for (const name of DROPPED) members.delete(name);
  members.set('rootfs', writeGoStruct(rootfs, ROOT_FS));
  members.set(
    'history',
    history.map((step) => writeGoStruct(step, HISTORY)),
  );
  return encodeGoJson(sortMembers(members));
}

/** What an image of version 1 is called, in {@link makeV1ConfigFromConfig}. */
export interface V1Identity {
  readonly id: string;
  /** The ID of the image below. None for the base, and then what the configuration says stays. */
  readonly parent?: string | undefined;
  /** Whether it made no layer. Default `false`. */
  readonly throwaway?: boolean | undefined;
}

/**
 * Makes an image of version 1 of an image configuration (moby's `MakeV1ConfigFromConfig`): what came later is left out,
 * every other value stays as it is written.
 *
 * @param config the configuration
 * @param identity what the image is called
 * @throws `INVALID_MANIFEST` where it is not a JSON object
 *
 * @example
 * ```ts
 * import { makeV1ConfigFromConfig } from '@stowage/types';
 *
 * const config = new TextEncoder().encode('{"os":"linux","rootfs":{"type":"layers"}}');
 * console.log(new TextDecoder().decode(makeV1ConfigFromConfig(config, { id: 'ab' }))); // {"id":"ab","os":"linux"}
 * ```
 */
export function makeV1ConfigFromConfig(config: Bytes, identity: V1Identity): Bytes {
  return encodeV1Config(config, identity, ['rootfs', 'history', 'os.version', 'os.features']);
}

/** {@link makeV1ConfigFromConfig} with the names that are left out: the builder of schema 1 keeps more than moby. */
export function encodeV1Config(
  config: Bytes,
  { id, parent = '', throwaway = false }: V1Identity,
  dropped: readonly string[],
): Bytes {
  const members: Map<string, unknown> = decodeGoJsonMembers(config);
  for (const name of dropped) members.delete(name);
  members.set('id', id);
  if (parent !== '') members.set('parent', parent);
  if (throwaway) members.set('throwaway', true);
  return encodeGoJson(sortMembers(members));
}

/** Compares versions part by part; what is not a number counts as 0 (moby's `versions.LessThan`). */
function isBefore(version: string, bound: readonly number[]): boolean {
  const parts = version.split('.').map((part) => (/^[+-]?\d+$/.test(part) ? Number(part) : 0));
  const length = Math.max(parts.length, bound.length);
  for (let index = 0; index < length; index += 1) {
    const difference = (parts[index] ?? 0) - (bound[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
