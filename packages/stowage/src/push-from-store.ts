import { hostPlatform } from '@stowage/core';
import { registerPendingLayers } from '@stowage/image-store';
import { createUploadManager } from '@stowage/transfer';
import {
  DEFAULT_DOMAIN,
  discardProgress,
  isStowageError,
  MEDIA_TYPES,
  parseNormalizedNamed,
  parsePartialImageConfig,
  StowageError,
  tagNameOnly,
} from '@stowage/types';
import type {
  AbortOptions,
  AuthConfig,
  CredentialProvider,
  ImageConfigStore,
  ImageEventLogger,
  ImageID,
  ImageStore,
  LayerUploadManager,
  LeaseManager,
  OpenRepository,
} from '@stowage/types';
import { createImageConfigStore } from './image-config-store.ts';
import type { PushOptions, Stowage } from './stowage.ts';
import { createLayerProviders } from './push/layer-providers.ts';
import { push } from './push/push.ts';
import type { PushResult } from './push/push-result.ts';

// All that has to do with pushes is loaded on demand: most pages have no use for it.
export { createUploadManager };

/** What a store pushes with. */
export interface PushDeps extends Pick<
  Stowage,
  'content' | 'metadata' | 'layers' | 'imageStore' | 'references' | 'registry'
> {
  readonly auth: AuthConfig | CredentialProvider | undefined;
  readonly openRepository: OpenRepository;
  readonly uploads: LayerUploadManager;
  readonly leases: LeaseManager;
  readonly requireSchema2: boolean;
  readonly onImageEvent: ImageEventLogger | undefined;
}

/** Pushes from a store; see `Stowage.push`. */
export async function pushFromStore(text: string, deps: PushDeps, options: PushOptions): Promise<PushResult> {
  const { allTags = false, onProgress = discardProgress, trustKey, signal } = options;
  const parsed = parseNormalizedNamed(text);
  if (allTags && (parsed.tag !== undefined || parsed.digest !== undefined)) {
    throw new StowageError('INVALID_ARGUMENT', `tag can't be used with --all-tags/-a`);
  }
  const reference = allTags ? parsed : tagNameOnly(parsed);
  const { auth } = deps;
  const { domain = DEFAULT_DOMAIN, path: repository } = reference;
  const authConfig = typeof auth === 'function' ? await auth(domain, { repository, signal }) : auth;
  const imageStore = anyPlatform(deps);
  const systems = new Set<string>();
  for (const { imageId } of await deps.references.referencesByName(reference, { signal })) {
    const os = await systemOf(imageId, deps.imageStore, imageStore, { signal });
    if (os !== undefined) systems.add(os);
  }
  return await push(
    reference,
    {
      authConfig,
      progressOutput: onProgress,
      registryService: deps.registry,
      imageEventLogger: deps.onImageEvent,
      metadataStore: deps.metadata,
      imageStore,
      referenceStore: deps.references,
      requireSchema2: deps.requireSchema2,
      contentStore: deps.content,
      leases: deps.leases,
      openRepository: deps.openRepository,
      configMediaType: MEDIA_TYPES.dockerConfig,
      // A store has the layers of every system.
      layerStores: createLayerProviders(Object.fromEntries([...systems].map((os) => [os, deps.layers]))),
      trustKey,
      uploadManager: deps.uploads,
    },
    options,
  );
}

/**
 * A view of an image store for which every image is in its place: nothing is run here. The layers of what it is asked for
 * are registered.
 */
function anyPlatform({
  imageStore: images,
  layers,
}: Pick<PushDeps, 'imageStore' | 'layers'>): ImageConfigStore {
  return {
    ...createImageConfigStore(images),
    get: async (digest, options) => {
      const image = await images.get(digest as ImageID, options);
      await registerPendingLayers(image, { imageStore: images, layers }, options);
      return image.raw;
    },
    platformFromConfig: (config) => {
      const { os = '' } = parsePartialImageConfig(config);
      const host = os === '' ? hostPlatform() : { ...hostPlatform(), os };
      return createImageConfigStore(images, { host }).platformFromConfig(config);
    },
  };
}

/** The operating system of an image; `undefined` for what is no image, or is gone. */
async function systemOf(
  imageId: ImageID,
  images: ImageStore,
  configs: ImageConfigStore,
  options: AbortOptions,
): Promise<string | undefined> {
  try {
    return configs.platformFromConfig((await images.get(imageId, options)).raw).os;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
