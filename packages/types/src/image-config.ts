import * as z from 'zod/mini';
import type { Bytes } from './bytes.ts';
import type { DiffID } from './digest.ts';
import { digestSchema, parseJsonObject, stringMapSchema, validate } from './document.ts';
import { StowageError } from './errors.ts';

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

/** How a container of the image starts. Inert data to us. */
export interface ContainerConfig {
  readonly User?: string;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[];
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly WorkingDir?: string;
  readonly Labels?: Readonly<Record<string, string>>;
  readonly StopSignal?: string;
}

/** An image's configuration; its bytes hash to the image ID (image-spec, "Image Configuration"). */
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
}

const text = z.exactOptional(z.string());
const texts = z.exactOptional(z.array(z.string()));
const historySchema = z.looseObject({
  created: text,
  author: text,
  created_by: text,
  comment: text,
  empty_layer: z.exactOptional(z.boolean()),
});
const containerSchema = z.looseObject({
  User: text,
  ExposedPorts: z.exactOptional(z.record(z.string(), z.unknown())),
  Env: texts,
  Entrypoint: texts,
  Cmd: texts,
  Volumes: z.exactOptional(z.record(z.string(), z.unknown())),
  WorkingDir: text,
  Labels: z.exactOptional(stringMapSchema),
  StopSignal: text,
});
const configSchema = z.looseObject({
  created: text,
  author: text,
  architecture: text,
  os: text,
  variant: text,
  'os.version': text,
  'os.features': texts,
  config: z.exactOptional(containerSchema),
  rootfs: z.looseObject({
    type: z.string(),
    diff_ids: z._default(z.array(digestSchema as unknown as z.ZodMiniType<DiffID>), []),
  }),
  history: z.exactOptional(z.array(historySchema)),
});

/**
 * Parses and validates an image configuration. Unknown members survive.
 *
 * @param bytes the configuration as stored; hash these bytes, never a new encoding, for the image ID
 * @throws `INVALID_MANIFEST`; in moby's words where `rootfs` is missing or history names more layers than there are
 *
 * @example
 * ```ts
 * import { parseImageConfig } from '@stowage/types';
 *
 * const json = '{"os":"linux","architecture":"amd64","rootfs":{"type":"layers","diff_ids":[]}}';
 * console.log(parseImageConfig(new TextEncoder().encode(json)).os); // linux
 * ```
 */
export function parseImageConfig(bytes: Bytes): ImageConfig {
  const document = parseJsonObject(bytes, 'image configuration');
  if (!('rootfs' in document)) throw invalid('invalid image JSON, no RootFS key');
  const config: ImageConfig = validate(configSchema, document, 'image configuration');
  const layers = config.history?.filter((step) => step.empty_layer !== true).length ?? 0;
  if (layers > config.rootfs.diff_ids.length) throw invalid('too many non-empty layers in History section');
  return config;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
