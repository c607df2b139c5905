import { collect } from '@stowage/core';
import { parseImageConfig, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ContentStore,
  Descriptor,
  DiffID,
  ImageConfig,
  ImageManifest,
  Platform,
  Reference,
  Repository,
} from '@stowage/types';
import { describeManifest } from '../pull/describe-manifest.ts';
import { peekManifest } from '../pull/peek-manifest.ts';
import { selectManifest } from '../pull/select-manifest.ts';

/** The largest image configuration that is accepted, in bytes. */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** An image that stays in its registry. */
export interface RemoteImage {
  /** Its manifest. */
  readonly descriptor: Descriptor;
  readonly config: ImageConfig;
  /** Base first. */
  readonly layers: readonly { readonly descriptor: Descriptor; readonly diffId: DiffID }[];
}

/** Which image it is. */
export interface RemoteImageInit {
  readonly reference: Reference;
  /** What to choose from an index. */
  readonly platform: Platform;
  /** May have manifests of it. */
  readonly content: ContentStore;
}

/**
 * Reads what an image in a registry is made of; nothing is stored.
 *
 * @throws `UNSUPPORTED` for images of schema 1, `INVALID_MANIFEST`, `PLATFORM_MISMATCH`, `LIMIT_EXCEEDED`
 */
export async function readRemoteImage(
  remote: Repository,
  init: RemoteImageInit,
  options: AbortOptions,
): Promise<RemoteImage> {
  const { descriptor, manifest } = await findManifest(remote, init, options);
  const config = await readConfig(manifest.config, remote, options);
  const diffIds = config.rootfs.diff_ids;
  const layers = manifest.layers.flatMap((layer, index) => {
    const diffId = diffIds[index];
    return diffId === undefined ? [] : [{ descriptor: layer, diffId }];
  });
  if (layers.length !== diffIds.length || layers.length !== manifest.layers.length) {
    throw new StowageError('INVALID_MANIFEST', `layers from manifest don't match image configuration`);
  }
  return { descriptor, config, layers };
}

async function findManifest(
  remote: Repository,
  { reference: { tag = '', digest }, platform, content }: RemoteImageInit,
  options: AbortOptions,
): Promise<{ readonly descriptor: Descriptor; readonly manifest: ImageManifest }> {
  const cache = {
    get: (target: Pick<Descriptor, 'digest'>) => peekManifest(target, remote, content, options),
  };
  const target = digest === undefined ? await describeManifest(remote, tag, options) : { digest };
  const { descriptor, manifest } = await selectManifest(await cache.get(target), platform, cache, options);
  if (manifest.kind === 'signed') {
    throw new StowageError('UNSUPPORTED', 'images of schema 1 have to be pulled to be looked into');
  }
  return { descriptor, manifest };
}

async function readConfig(
  { digest, size }: Descriptor,
  { blobs }: Repository,
  options: AbortOptions,
): Promise<ImageConfig> {
  if (size > MAX_CONFIG_BYTES) {
    const message = `image configuration ${digest} is larger than ${MAX_CONFIG_BYTES} bytes`;
    throw new StowageError('LIMIT_EXCEEDED', message);
  }
  const stream = await blobs.open(digest, { ...options, size });
  return parseImageConfig(await collect(stream, { ...options, maxBytes: MAX_CONFIG_BYTES }));
}
