import { hostPlatform } from '@stowage/core';
import { openImageView } from '@stowage/layer-store';
import type { ImageView } from '@stowage/layer-store';
import { formatReference, trimNamed } from '@stowage/types';
import type { AbortOptions, LayerReader, Platform, Reference, Repository, Storage } from '@stowage/types';
import type { RegistryAccess } from '../access/registry-access.ts';
import { sideBySide } from '../pull/side-by-side.ts';
import { readRemoteImage } from './remote-image.ts';
import type { RemoteImage } from './remote-image.ts';
import { createRemoteLayers } from './remote-layers.ts';

/** How many layers are opened at once. */
const CONCURRENCY = 3;

/** What a remote image is viewed with. */
export interface ViewRemoteDeps {
  readonly access: RegistryAccess;
  readonly storage: Pick<Storage, 'content' | 'metadata'>;
}

/** How it is viewed: `ViewRemoteOptions`, the platform parsed. */
export interface ViewRemoteInit extends AbortOptions {
  readonly platform: Platform | undefined;
  readonly referrers: boolean | undefined;
}

/** Opens the files of an image that stays in its registry; see `Stowage.viewRemote`. */
export function viewRemote(
  reference: Reference,
  { access, storage: { content, metadata } }: ViewRemoteDeps,
  { platform = hostPlatform(), referrers = true, signal: ended }: ViewRemoteInit,
): Promise<ImageView> {
  const work = async (remote: Repository): Promise<ImageView> => {
    const image = await readRemoteImage(remote, { reference, platform, content }, { signal: ended });
    const repository = formatReference(trimNamed(reference));
    const { digest } = image.descriptor;
    const open = createRemoteLayers({ remote, repository, image: digest, metadata, referrers });
    const layers: LayerReader[] = [];
    const openAt = async (
      [index, { descriptor, diffId }]: [number, RemoteImage['layers'][number]],
      signal: AbortSignal,
    ): Promise<void> => {
      layers[index] = await open(descriptor, diffId, { signal });
    };
    await sideBySide(image.layers.entries(), CONCURRENCY, openAt, { signal: ended });
    return await openImageView(layers, { signal: ended, history: image.config.history });
  };
  return access.read(reference, work, { signal: ended });
}
