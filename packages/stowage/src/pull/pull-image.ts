import { digestBytes } from '@stowage/core';
import { isStowageError, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Descriptor,
  DiffID,
  ImageID,
  ImageManifest,
  ImagePullConfig,
  Platform,
  RootFS,
  RootFSDownloadManager,
} from '@stowage/types';
import { fetchConfig } from './fetch-config.ts';
import { createLayerDownload, layerDownloadDeps } from './layer-download.ts';
import type { LayerSource } from './layer-download.ts';
import { checkImageTypes } from './media-types.ts';
import type { PullContext } from './pull-context.ts';
import type { PulledLayer } from './pull-result.ts';
import { storeBlobs } from './store-blobs.ts';

/** An image that is in the store now. */
export interface PulledImage {
  readonly imageId: ImageID;
  /** Absent for an artifact. */
  readonly platform: Platform | undefined;
  readonly layers: readonly PulledLayer[];
}

/** Brings the configuration and the layers of one manifest in and makes an image of them (moby's `pullSchema2`). */
export async function pullImage(
  manifest: ImageManifest,
  source: LayerSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<PulledImage> {
  const { imageStore } = config;
  const present = await presentConfig(manifest, config, options);
  if (present === undefined) checkImageTypes(manifest);
  const bytes = present ?? (await bringIn(manifest, source, config, options));
  const platform = imageStore.platformFromConfig(bytes);
  // An image that is here is put again: the store may note when that was.
  if (present !== undefined) {
    const pending = config.digestsOnly === true ? manifest.layers : undefined;
    await imageStore.put(present, { ...options, pending });
  }
  const diffIds = imageStore.rootFSFromConfig(bytes)?.diff_ids ?? [];
  return {
    imageId: (await digestBytes(bytes)) as ImageID,
    platform,
    layers: manifest.layers.map((layer, index) => ({ ...layer, diffId: diffIds[index] as DiffID })),
  };
}

/** The configuration, where the image is in the store together with every blob that the manifest names. */
async function presentConfig(
  { config: { digest }, layers }: ImageManifest,
  { imageStore, contentStore }: ImagePullConfig,
  options: AbortOptions,
): Promise<Bytes | undefined> {
  try {
    const bytes = await imageStore.get(digest, options);
    for (const layer of layers) await contentStore.info(layer.digest, options);
    return bytes;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

/** Downloads configuration and layers side by side. A configuration that cannot be had ends the layers, and is the error. */
async function bringIn(
  manifest: ImageManifest,
  source: LayerSource,
  config: ImagePullConfig,
  options: PullContext,
): Promise<Bytes> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const { downloadManager, imageStore } = config;
  const configBytes = fetchUsableConfig(manifest.config, source, config, { ...options, signal });
  configBytes.catch((error: unknown) => {
    stop.abort(error);
  });
  if (downloadManager === undefined) {
    const { bytes } = await configBytes;
    await imageStore.put(bytes, options);
    return bytes;
  }
  try {
    const bringInLayers = config.digestsOnly === true ? storeLayers : registerLayers;
    return await bringInLayers(manifest, source, { ...config, downloadManager }, configBytes, {
      ...options,
      signal,
    });
  } catch (error) {
    stop.abort(error);
    await configBytes.catch(() => undefined);
    throw error;
  }
}

/** The configuration, and the layers that it names. */
interface UsableConfig {
  readonly bytes: Bytes;
  readonly rootFS: RootFS;
}

/** A pull that brings layers in. */
type LayerPullConfig = ImagePullConfig & { readonly downloadManager: RootFSDownloadManager };

/** Downloads the layers, finds out their DiffIDs on the way, and stacks them. */
async function registerLayers(
  manifest: ImageManifest,
  source: LayerSource,
  config: LayerPullConfig,
  configBytes: Promise<UsableConfig>,
  options: PullContext,
): Promise<Bytes> {
  const { downloadManager, imageStore, progressOutput } = config;
  const deps = layerDownloadDeps(source, config, options);
  const downloads = manifest.layers.map((layer) => createLayerDownload(layer, deps));
  const empty = { type: 'layers', diff_ids: [] };
  const layers = await downloadManager.download(empty, '', downloads, progressOutput, options);
  try {
    const { bytes, rootFS } = await configBytes;
    checkDiffIds(layers.rootFS.diff_ids, rootFS.diff_ids);
    await imageStore.put(bytes, options);
    return bytes;
  } finally {
    await layers.release();
  }
}

/** Downloads the layers' blobs and leaves what they hold to whoever uses the image first. */
async function storeLayers(
  { layers }: ImageManifest,
  source: LayerSource,
  config: LayerPullConfig,
  configBytes: Promise<UsableConfig>,
  options: PullContext,
): Promise<Bytes> {
  await storeBlobs(layers, source, config, options);
  const { bytes, rootFS } = await configBytes;
  if (rootFS.diff_ids.length !== layers.length) throw mismatch();
  await config.imageStore.put(bytes, { ...options, pending: layers });
  return bytes;
}

/** The configuration of an image, refused where it is for another platform: its layers need not come then. */
async function fetchUsableConfig(
  descriptor: Descriptor,
  { remote }: LayerSource,
  { contentStore, imageStore }: ImagePullConfig,
  options: PullContext,
): Promise<UsableConfig> {
  const bytes = await fetchConfig(descriptor, remote, contentStore, options);
  const rootFS = requireRootFS(imageStore.rootFSFromConfig(bytes));
  imageStore.platformFromConfig(bytes);
  return { bytes, rootFS };
}

function requireRootFS<T>(rootFS: T | undefined): T {
  if (rootFS === undefined) throw invalid('invalid rootfs in image configuration');
  return rootFS;
}

function checkDiffIds(found: readonly DiffID[], promised: readonly DiffID[]): void {
  if (found.length !== promised.length || found.some((diffId, index) => diffId !== promised[index])) {
    throw mismatch();
  }
}

function mismatch(): StowageError {
  return invalid(`layers from manifest don't match image configuration`);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
