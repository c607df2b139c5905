import { hostPlatform } from '@stowage/core';
import { asDigest } from '@stowage/types';
import type { ContainerConfig, DiffID, History, ImageConfig } from '@stowage/types';

/** The DiffID of a tar without entries: a step that makes this makes no layer. */
const EMPTY_TAR = asDigest(
  'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
) as DiffID;

/** What a child image has that its parent has not; the counterpart of moby's `image.ChildConfig`. */
export interface ChildImageInit {
  /** When the image was made, RFC 3339. */
  readonly created: string;
  /** The layer on top of the parent's. The step makes no layer when left out, or when it is the empty tar's. */
  readonly diffId?: DiffID | undefined;
  /** How the container was started that the image was made of; its `Cmd` is what the history tells. */
  readonly containerConfig: ContainerConfig;
  /** How containers of the image are started. */
  readonly config?: ContainerConfig | undefined;
  /** The container. */
  readonly containerId?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  /** The version of what made the image. */
  readonly dockerVersion?: string | undefined;
  /** The operating system. Default: the parent's. */
  readonly os?: string | undefined;
}

/** What one build step was; the counterpart of the parameters of moby's `image.NewHistory`. */
export interface HistoryInit {
  /** When, RFC 3339. */
  readonly created?: string | undefined;
  readonly author?: string | undefined;
  readonly comment?: string | undefined;
  /** The command. */
  readonly createdBy?: string | undefined;
  /** Whether the step made no layer. Default `false`. */
  readonly emptyLayer?: boolean | undefined;
}

/**
 * An entry of an image's history (moby's `NewHistory`); what is empty is left out.
 *
 * @param init the step
 *
 * @example
 * ```ts
 * import { createHistory } from '@stowage/image-store';
 *
 * console.log(createHistory({ created: '2024-01-01T00:00:00Z', createdBy: '/bin/sh', author: '' }));
 * // { created: '2024-01-01T00:00:00Z', created_by: '/bin/sh' }
 * ```
 */
export function createHistory({ created, author, createdBy, comment, emptyLayer }: HistoryInit): History {
  return withoutEmpty({ created, author, created_by: createdBy, comment, empty_layer: emptyLayer });
}

/**
 * The configuration of an image that was made of another by one more step (moby's `NewChildImage`): the parent's layers
 * and history with one entry more, its processor and the version and features of its operating system. Its bytes are
 * what `encodeImageConfig` of `@stowage/types` makes of it.
 *
 * @param parent the configuration of the image beneath; for an image from nothing one without layers. An architecture
 *   that it leaves out is this machine's
 * @param child what the step brought
 *
 * @example
 * ```ts
 * import { createChildImage } from '@stowage/image-store';
 *
 * const parent = { architecture: 'arm64', os: 'linux', rootfs: { type: 'layers', diff_ids: [] } };
 * const child = createChildImage(parent, {
 *   created: '2024-01-01T00:00:00Z',
 *   containerConfig: { Cmd: ['/bin/sh', '-c', '#(nop) LABEL a=b'] },
 *   config: { Labels: { a: 'b' } },
 * });
 * console.log(child.history?.[0]?.created_by); // /bin/sh -c #(nop) LABEL a=b
 * ```
 */
export function createChildImage(parent: ImageConfig, child: ChildImageInit): ImageConfig {
  const { created, diffId, containerConfig, config, author, comment } = child;
  const { rootfs, history = [] } = parent;
  const emptyLayer = diffId === undefined || diffId === EMPTY_TAR;
  const createdBy = (containerConfig.Cmd ?? []).join(' ');
  return {
    ...withoutEmpty({
      created,
      author,
      architecture: parent.architecture || hostPlatform().architecture,
      variant: parent.variant,
      os: child.os ?? parent.os,
      'os.version': parent['os.version'],
      'os.features': parent['os.features'],
      config,
      container: child.containerId,
      container_config: containerConfig,
      docker_version: child.dockerVersion,
    }),
    rootfs: { ...rootfs, diff_ids: emptyLayer ? rootfs.diff_ids : [...rootfs.diff_ids, diffId] },
    history: [...history, createHistory({ created, author, comment, createdBy, emptyLayer })],
  };
}

type Filled<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The members that hold something. */
function withoutEmpty<T extends object>(members: T): Filled<T> {
  const filled = Object.entries(members).filter(([, value]) => Boolean(value));
  return Object.fromEntries(filled) as Filled<T>;
}
