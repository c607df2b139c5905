import { collect, hostPlatform } from '@stowage/core';
import { openImageView } from '@stowage/layer-store';
import type { ImageView } from '@stowage/layer-store';
import { parseImageConfig, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  DiffID,
  ImageConfig,
  ImageManifest,
  LayerReader,
  Platform,
  Reference,
  Repository,
  Storage,
} from '@stowage/types';
import { describeManifest } from '../pull/describe-manifest.ts';
import { peekManifest } from '../pull/peek-manifest.ts';
import { selectManifest } from '../pull/select-manifest.ts';
import { sideBySide } from '../pull/side-by-side.ts';
import type { RegistryAccess } from './registry-access.ts';
import { createRemoteLayers } from './remote-layers.ts';

/** The largest image configuration that is accepted, in bytes. */
const MAX_CONFIG_BYTES = 8 * 1024 * 1024;
/** How many layers are opened at once. */
const CONCURRENCY = 3;

/** What a remote image is viewed with. */
export interface ViewRemoteDeps {
  readonly access: RegistryAccess;
  readonly storage: Pick<Storage, 'content' | 'metadata'>;
}

/** Opens the files of an image that stays in its registry; see `Stowage.viewRemote`. */
export function viewRemote(
  reference: Reference,
  { access, storage }: ViewRemoteDeps,
  platform: Platform = hostPlatform(),
  options: AbortOptions = {},
): Promise<ImageView> {
  const work = async (remote: Repository): Promise<ImageView> => {
    const { descriptor, manifest } = await findManifest(remote, reference, platform, storage, options);
    const config = await readConfig(manifest.config, remote, options);
    const diffIds = config.rootfs.diff_ids;
    if (diffIds.length !== manifest.layers.length) {
      throw new StowageError('INVALID_MANIFEST', `layers from manifest don't match image configuration`);
    }
    const open = createRemoteLayers(remote, descriptor.digest, storage.metadata);
    const layers: LayerReader[] = [];
    const openAt = async ([index, layer]: [number, Descriptor], signal: AbortSignal): Promise<void> => {
      layers[index] = await open(layer, diffIds[index] as DiffID, { signal });
    };
    await sideBySide(manifest.layers.entries(), CONCURRENCY, openAt, options);
    return await openImageView(layers, { ...options, history: config.history });
  };
  return access.read(reference, work, options);
}

async function findManifest(
  remote: Repository,
  { tag = '', digest }: Reference,
  platform: Platform,
  { content }: ViewRemoteDeps['storage'],
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
