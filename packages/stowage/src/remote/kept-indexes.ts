import { digestKey } from '@stowage/types';
import type { AbortOptions, Bytes, Digest, MetadataStore } from '@stowage/types';

/**
 * Where the seek indexes of layers are kept that stay in their registries, by the digests of their blobs: those that were
 * made here, of a layer that was read as a whole, and those that somebody had pushed beside an image.
 */
const NAMESPACES = { made: 'remote-seek', found: 'referred-seek' } as const;

/** Where an index is from. */
export type IndexOrigin = keyof typeof NAMESPACES;

/** The index that is kept of a layer, damaged perhaps. */
export function keptIndex(
  metadata: MetadataStore,
  origin: IndexOrigin,
  layer: Digest,
  options: AbortOptions,
): Promise<Bytes | undefined> {
  return metadata.get(NAMESPACES[origin], digestKey(layer), options);
}

/** Keeps the index of a layer. */
export async function keepIndex(
  metadata: MetadataStore,
  origin: IndexOrigin,
  layer: Digest,
  index: Bytes,
  options: AbortOptions,
): Promise<void> {
  // It can be had again.
  await metadata.set(NAMESPACES[origin], digestKey(layer), index, { ...options, durable: false });
}

/** Forgets the indexes of layers that are in no store. */
export async function forgetRemoteIndexes(metadata: MetadataStore, options: AbortOptions): Promise<void> {
  for (const namespace of Object.values(NAMESPACES)) {
    for await (const key of metadata.keys(namespace, options)) {
      await metadata.delete(namespace, key, { ...options, durable: false });
    }
  }
}
