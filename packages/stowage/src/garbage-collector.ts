import { systemClock, withLock } from '@stowage/core';
import { forgetV2Metadata } from '@stowage/image-store';
import { forgetSeekIndexes } from '@stowage/layer-store';
import { registryDigests } from '@stowage/registry-server';
import { isStowageError, parseManifest } from '@stowage/types';
import type {
  AbortOptions,
  Clock,
  ContentStore,
  Descriptor,
  Digest,
  ImageStore,
  LayerStore,
  ReferenceStore,
  Storage,
} from '@stowage/types';
import { forgetRemoteIndexes } from './remote/kept-indexes.ts';
import { withImageLayers } from './image-layers.ts';
import { COLLECTION_LOCK, leasedDigests } from './leases.ts';
import { forgetSentTypes } from './push/sent-types.ts';
import { MAX_MANIFEST_BYTES } from './pull/manifest-cache.ts';

/** How long the bytes of a download that broke off are kept for whoever goes on with it. */
const INGEST_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

/** How many blobs are removed at a time. */
const REMOVED_AT_ONCE = 16;

/** What a collection removed. */
export interface GarbageReport {
  /** Images that had no name. */
  readonly images: number;
  /** Layers that no image used. */
  readonly layers: number;
  /** Blobs that nothing used. */
  readonly blobs: number;
  /** Downloads that were begun and that nobody went on with for a week. */
  readonly ingests: number;
  /** What those blobs and downloads took up. */
  readonly bytes: number;
}

/** What a collection works on. */
export interface GarbageCollectorDeps {
  readonly storage: Storage;
  readonly imageStore: ImageStore;
  readonly layers: LayerStore;
  readonly references: ReferenceStore;
  readonly clock?: Clock;
}

/** What was removed, and what it took up. */
interface Removed {
  readonly count: number;
  readonly bytes: number;
}

/**
 * Removes images without a name, layers without an image, blobs that nothing leads to, and downloads that nobody went
 * on with for a week. What a running pull has leased stays, and so does whatever other tools have named in the store's
 * `index.json` and whatever a registry serves from the same storage.
 */
export function collectGarbage(
  deps: GarbageCollectorDeps,
  options: AbortOptions = {},
): Promise<GarbageReport> {
  return withLock(deps.storage, COLLECTION_LOCK, () => collect(deps, options), options);
}

async function collect(deps: GarbageCollectorDeps, options: AbortOptions): Promise<GarbageReport> {
  const { storage, clock = systemClock } = deps;
  const marked = await leasedDigests(storage, clock, options);
  const unnamed = await removeUnnamedImages(deps, marked, options);
  const unused = await removeUnusedLayers(deps.layers, options);
  await markImages(deps, marked, options);
  for await (const digest of registryDigests(storage, options)) marked.add(digest);
  for (const descriptor of await rootDescriptors(storage, options)) {
    await markReachable(descriptor, storage.content, marked, options);
  }
  const swept = await sweep(storage.content, marked, options);
  await forgetLayers(deps, options);
  await forgetRemoteIndexes(storage.metadata, options);
  const expired = await expireIngests(storage.content, clock, options);
  return {
    images: unnamed.images,
    layers: unnamed.layers + unused,
    blobs: swept.count,
    ingests: expired.count,
    bytes: swept.bytes + expired.bytes,
  };
}

async function removeUnnamedImages(
  { imageStore, references }: GarbageCollectorDeps,
  leased: ReadonlySet<Digest>,
  options: AbortOptions,
): Promise<{ images: number; layers: number }> {
  const named = new Set((await references.all(options)).map(({ imageId }) => imageId));
  const ids = [...(await imageStore.map(options)).keys()];
  const unnamed = ids.filter((id) => !named.has(id) && !leased.has(id));
  const layers = await imageStore.delete(unnamed, options);
  return { images: unnamed.length, layers: layers.length };
}

/** A layer that nobody holds goes when a hold on it is given back. */
async function removeUnusedLayers(layers: LayerStore, options: AbortOptions): Promise<number> {
  let removed = 0;
  for (const id of (await layers.map(options)).keys()) {
    try {
      removed += (await layers.release(await layers.get(id, options), options)).length;
    } catch (error) {
      // It went together with a layer above it.
      if (!isStowageError(error, 'NOT_FOUND')) throw error;
    }
  }
  return removed;
}

/** Images keep their configuration and the blobs of their layers, whatever their manifests say. */
async function markImages(
  { imageStore, layers }: GarbageCollectorDeps,
  marked: Set<Digest>,
  options: AbortOptions,
): Promise<void> {
  for (const [id, image] of await imageStore.map(options)) {
    marked.add(id);
    for (const { digest } of image.pending ?? []) marked.add(digest);
    if (image.pending !== undefined) continue;
    await withImageLayers(image, { imageStore, layers }, (stack) => {
      for (const { descriptor } of stack) marked.add(descriptor.digest);
      return Promise.resolve();
    });
  }
}

/** Everything in the store's `index.json`, ours or not. */
async function rootDescriptors({ metadata }: Storage, options: AbortOptions): Promise<readonly Descriptor[]> {
  const bytes = await metadata.get('layout', 'index.json', options);
  if (bytes === undefined) return [];
  const index = parseManifest(bytes);
  return index.kind === 'index' ? index.manifests : [];
}

async function markReachable(
  descriptor: Descriptor,
  content: ContentStore,
  marked: Set<Digest>,
  options: AbortOptions,
): Promise<void> {
  const pending = [descriptor];
  const visited = new Set<Digest>();
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    marked.add(next.digest);
    if (visited.has(next.digest)) continue;
    visited.add(next.digest);
    pending.push(...(await successors(next, content, options)));
  }
}

/** What a manifest or index names. Anything else, and what is not here, names nothing. */
async function successors(
  { digest, mediaType }: Descriptor,
  content: ContentStore,
  options: AbortOptions,
): Promise<readonly Descriptor[]> {
  if (!/manifest|index/.test(mediaType)) return [];
  try {
    const bytes = await content.read(digest, { ...options, maxBytes: MAX_MANIFEST_BYTES });
    const manifest = parseManifest(bytes, mediaType);
    return manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND') || isStowageError(error, 'UNSUPPORTED')) return [];
    throw error;
  }
}

async function sweep(
  content: ContentStore,
  marked: ReadonlySet<Digest>,
  options: AbortOptions,
): Promise<Removed> {
  let [count, bytes] = [0, 0];
  let batch: Digest[] = [];
  const remove = async (): Promise<void> => {
    // What comes back with a loss of power is removed the next time.
    await Promise.all(batch.map((digest) => content.delete(digest, { ...options, durable: false })));
    batch = [];
  };
  for await (const { digest, size } of content.walk(options)) {
    if (marked.has(digest)) continue;
    batch.push(digest);
    if (batch.length === REMOVED_AT_ONCE) await remove();
    count += 1;
    bytes += size;
  }
  await remove();
  return { count, bytes };
}

/** What is remembered of layers goes with them. */
async function forgetLayers({ storage, layers }: GarbageCollectorDeps, options: AbortOptions): Promise<void> {
  const present = new Set([...(await layers.map(options)).values()].map(({ diffId }) => diffId));
  await forgetV2Metadata(storage, present, options);
  await forgetSeekIndexes(storage, present, options);
  await forgetSentTypes(storage.metadata, options);
}

async function expireIngests(content: ContentStore, clock: Clock, options: AbortOptions): Promise<Removed> {
  let [count, bytes] = [0, 0];
  for await (const { ref, offset, updatedAt } of content.ingests(options)) {
    if (clock.now() - updatedAt <= INGEST_LIFETIME_MS) continue;
    try {
      await content.abort(ref, options);
    } catch (error) {
      // Somebody has gone on with it.
      if (isStowageError(error, 'UNAVAILABLE')) continue;
      throw error;
    }
    count += 1;
    bytes += offset;
  }
  return { count, bytes };
}
