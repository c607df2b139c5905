import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import type { DiffID } from '../digest/digest.ts';
import { digestSchema, parseJsonObject, validate } from './document.ts';
import type { ParseOptions } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { sortMembers } from '../go-json/go-json-member.ts';
import { readGoStruct, writeGoStruct } from '../go-json/go-json-struct.ts';
import { containerConfigSchema, integerSchema } from './image-config-container.ts';
import type { ContainerConfig, GoInteger } from './image-config-container.ts';
import { IMAGE } from './image-config-struct.ts';

/** The layers of an image, base first (image-spec, "Image Configuration": `rootfs`). */
export interface RootFS {
  readonly type: string;
  readonly diff_ids: readonly DiffID[];
}

/** One build step (image-spec, "Image Configuration": `history`). */
export interface History {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly created_by?: string;
  readonly comment?: string;
  /** Whether the step made no layer. */
  readonly empty_layer?: boolean;
}

/**
 * An image's configuration; its bytes hash to the image ID (image-spec, "Image Configuration", with what docker adds).
 */
export interface ImageConfig {
  /** RFC 3339. */
  readonly created?: string;
  readonly author?: string;
  readonly architecture?: string;
  readonly os?: string;
  readonly variant?: string;
  readonly 'os.version'?: string;
  readonly 'os.features'?: readonly string[];
  readonly config?: ContainerConfig;
  readonly rootfs: RootFS;
  readonly history?: readonly History[];
  /** An ID of the time before images were addressed by content. */
  readonly id?: string;
  /** The image that this one was made from; docker keeps it outside of the configuration today. */
  readonly parent?: string;
  readonly comment?: string;
  /** The container that was committed. */
  readonly container?: string;
  /** How that container was started. */
  readonly container_config?: ContainerConfig;
  readonly docker_version?: string;
  /** Bytes. Nobody keeps it up to date. */
  readonly Size?: GoInteger;
}

const text = z.exactOptional(z.string());
const historySchema = z.looseObject({
  created: text,
  author: text,
  created_by: text,
  comment: text,
  empty_layer: z.exactOptional(z.boolean()),
});
const configSchema = z.looseObject({
  created: text,
  author: text,
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
  'os.features': z.exactOptional(z.array(z.string())),
  config: z.exactOptional(containerConfigSchema),
  rootfs: z.looseObject({
    type: z.string(),
    diff_ids: z._default(z.array(digestSchema as unknown as z.ZodMiniType<DiffID>), []),
  }),
  history: z.exactOptional(z.array(historySchema)),
  id: text,
  parent: text,
  comment: text,
  container: text,
  container_config: z.exactOptional(containerConfigSchema),
  docker_version: text,
  Size: z.exactOptional(integerSchema),
});
const partialConfigSchema = z.partial(configSchema, { rootfs: true });

/**
 * Parses and validates an image configuration as docker reads it: names in any case, a command may be one string.
 * Unknown members survive.
 *
 * @param bytes the configuration as stored; hash these bytes, never a new encoding, for the image ID
 * @param options limits
 * @throws `INVALID_MANIFEST`; in moby's words where `rootfs` is missing or history names more layers than there are.
 *   `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parseImageConfig } from '@stowage/types';
 *
 * const json = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
 * console.log(parseImageConfig(new TextEncoder().encode(json)).os); // linux
 * ```
 */
export function parseImageConfig(bytes: Bytes, options: ParseOptions = {}): ImageConfig {
  const config = readImageConfig(bytes, options);
  const layers = config.history?.filter((step) => step.empty_layer !== true).length ?? 0;
  if (layers > config.rootfs.diff_ids.length) throw invalid('too many non-empty layers in History section');
  return config;
}

/** {@link parseImageConfig} for those who compare history and layers themselves. */
export function readImageConfig(bytes: Bytes, options: ParseOptions = {}): ImageConfig {
  const document = readDocument(bytes, options);
  if (!('rootfs' in document)) throw invalid('invalid image JSON, no RootFS key');
  return validate<ImageConfig>(configSchema, document, 'image configuration');
}

/**
 * {@link parseImageConfig} for configurations that need not be those of an image: `rootfs` may be missing, and history is
 * not compared with it.
 *
 * @param bytes the configuration
 * @param options limits
 * @throws `INVALID_MANIFEST`, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parsePartialImageConfig } from '@stowage/types';
 *
 * console.log(parsePartialImageConfig(new TextEncoder().encode('{"os":"linux"}')).rootfs); // undefined
 * ```
 */
export function parsePartialImageConfig(bytes: Bytes, options: ParseOptions = {}): Partial<ImageConfig> {
  const document = readDocument(bytes, options);
  return validate<Partial<ImageConfig>>(
    partialConfigSchema as z.ZodMiniType<Partial<ImageConfig>>,
    document,
    'image configuration',
  );
}

function readDocument(bytes: Bytes, options: ParseOptions): Record<string, unknown> {
  return readGoStruct(parseJsonObject(bytes, 'image configuration', options), IMAGE);
}

/**
 * Encodes an image configuration as moby 20.10 does: the outermost members sorted by name, those within in docker's
 * order, times in Go's form, and what docker always writes (`created`, `container_config`) always there. Members that
 * docker does not know are left out.
 *
 * @param config the configuration
 * @returns bytes that hash to the image ID
 * @throws `INVALID_ARGUMENT` for times that are not RFC 3339
 *
 * @example
 * ```ts
 * import { encodeImageConfig } from '@stowage/types';
 *
 * const bytes = encodeImageConfig({ os: 'linux', rootfs: { type: 'layers', diff_ids: [] } });
 * console.log(new TextDecoder().decode(bytes).endsWith('"os":"linux","rootfs":{"type":"layers"}}')); // true
 * ```
 */
export function encodeImageConfig(config: ImageConfig): Bytes {
  return encodeGoJson(sortMembers(writeGoStruct(config, IMAGE)));
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
