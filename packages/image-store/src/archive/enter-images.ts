import { chainId } from '@stowage/core';
import { isStowageError, parseImageConfig, shortId, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  ChainID,
  ContentStore,
  DiffID,
  History,
  ImageConfig,
  ImageID,
  ImageStore,
  Layer,
  LayerStore,
  Lease,
  ProgressOutput,
} from '@stowage/types';
import { storeOnce } from '../content/store-bytes.ts';
import type { LayerBlobs } from './layer-blobs.ts';
import type { PlannedImage } from './planned-image.ts';

/** What images are entered into. */
export interface EnterImagesDeps {
  readonly content: ContentStore;
  readonly layers: LayerStore;
  readonly imageStore: ImageStore;
  readonly lease: Lease | undefined;
  readonly progressOutput: ProgressOutput;
}

/** How images are entered. */
export interface EnterImagesOptions extends AbortOptions {
  /** The only operating system that is taken. */
  readonly os?: string | undefined;
}

/** Registers the layers of all images, and then enters the images: either all are in order or none is entered. */
export async function enterImages(
  images: readonly PlannedImage[],
  blobs: LayerBlobs,
  deps: EnterImagesDeps,
  { os, signal }: EnterImagesOptions,
): Promise<void> {
  const options = { signal };
  const configs = images.map(({ config }) => parseImageConfig(config));
  checkImages(images, configs, os);
  checkParents(images, configs);
  await deps.lease?.add(
    images.flatMap(({ id, manifest }) => (manifest === undefined ? [id] : [id, manifest.descriptor.digest])),
    options,
  );
  const holds: Layer[] = [];
  try {
    for (const [at, image] of images.entries()) {
      const { diff_ids: diffIds } = (configs[at] as ImageConfig).rootfs;
      const top = await registerLayers(image, diffIds, blobs, deps, options);
      if (top !== undefined) holds.push(top);
    }
    for (const { config, manifest } of images) {
      if (manifest !== undefined)
        await storeOnce(deps.content, manifest.bytes, manifest.descriptor.digest, options);
      await deps.imageStore.create(config, options);
    }
    await setParents(images, deps.imageStore, options);
  } finally {
    for (const layer of holds) await deps.layers.release(layer);
  }
}

function checkImages(
  images: readonly PlannedImage[],
  configs: readonly ImageConfig[],
  wanted: string | undefined,
): void {
  for (const [at, { rootfs, os = '' }] of configs.entries()) {
    if (wanted !== undefined && os !== '' && os !== wanted) {
      throw new StowageError('PLATFORM_MISMATCH', `cannot load ${os} image on ${wanted}`);
    }
    const expected = images[at]?.layers.length ?? 0;
    const actual = rootfs.diff_ids.length;
    if (expected === actual) continue;
    throw new StowageError(
      'INVALID_ARCHIVE',
      `invalid manifest, layers length mismatch: expected ${String(expected)}, got ${String(actual)}`,
    );
  }
}

/** A parent that is in the archive must have the history of its child, but for the last step. */
function checkParents(images: readonly PlannedImage[], configs: readonly ImageConfig[]): void {
  const histories = new Map(images.map(({ id }, at) => [id, configs[at]?.history ?? []]));
  for (const { id, parent, parentIsCertain } of images) {
    const above = histories.get(id) ?? [];
    const below = parent === undefined ? undefined : histories.get(parent);
    if (below === undefined || parentIsCertain === true || isOneStepMore(above, below)) continue;
    throw new StowageError('INVALID_ARCHIVE', `image ${String(parent)} is not a valid parent for ${id}`);
  }
}

function isOneStepMore(above: readonly History[], below: readonly History[]): boolean {
  if (above.length === 0 && below.length === 0) return true;
  if (above.length !== below.length + 1) return false;
  return JSON.stringify(above.slice(0, -1)) === JSON.stringify(below);
}

/** A hold on the top layer; `undefined` for an image without layers. */
async function registerLayers(
  { layers: planned }: PlannedImage,
  diffIds: readonly DiffID[],
  blobs: LayerBlobs,
  { layers, progressOutput }: EnterImagesDeps,
  options: AbortOptions,
): Promise<Layer | undefined> {
  let below: Layer | undefined;
  for (const [at, diffId] of diffIds.entries()) {
    const held = below;
    try {
      below = await findLayer(layers, chainId(diffIds.slice(0, at + 1)), options);
      const layer = planned[at];
      if (below !== undefined || layer === undefined) continue;
      const { descriptor, scanned } = await blobs.get(layer, options);
      if (scanned.diffId !== diffId) {
        throw new StowageError(
          'DIGEST_MISMATCH',
          `invalid diffID for layer ${String(at)}: expected "${diffId}", got "${scanned.diffId}"`,
        );
      }
      below = await layers.registerBlob(descriptor, held?.chainId, { ...options, scanned, diffId });
      const { size } = descriptor;
      progressOutput({
        id: shortId(diffId),
        action: 'Loading layer',
        current: size,
        total: size,
        lastUpdate: true,
      });
    } finally {
      if (held !== undefined) await layers.release(held);
    }
  }
  return below;
}

async function findLayer(layers: LayerStore, id: ChainID, options: AbortOptions): Promise<Layer | undefined> {
  try {
    return await layers.get(id, options);
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function setParents(
  images: readonly PlannedImage[],
  imageStore: ImageStore,
  options: AbortOptions,
): Promise<void> {
  const loaded = new Set<ImageID>(images.map(({ id }) => id));
  for (const { id, parent } of images) {
    if (parent !== undefined && loaded.has(parent)) await imageStore.setParent(id, parent, options);
  }
}
