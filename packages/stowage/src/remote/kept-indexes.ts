import { digestBytes } from '@stowage/core';
import { digestKey } from '@stowage/types';
import type { AbortOptions, Bytes, Digest, MetadataStore } from '@stowage/types';

/** Where the seek indexes are kept of layers that stay in their registries: those made here, and those found there. */
const NAMESPACES = { made: 'remote-seek', found: 'referred-seek' } as const;

/** Where the index of a layer is kept. */
export interface IndexPlace {
  readonly namespace: string;
  readonly key: string;
}

/** Where one is kept that was made here, of a layer that was read as a whole. */
export function madeIndex(layer: Digest): IndexPlace {
  return { namespace: NAMESPACES.made, key: digestKey(layer) };
}

/**
 * Where one is kept that somebody had pushed beside an image. It is for that repository alone: the same layer may be in
 * another one, where others may push.
 *
 * @param repository its full name
 */
export async function foundIndex(layer: Digest, repository: string): Promise<IndexPlace> {
  const where = new TextEncoder().encode(`${repository}@${layer}`);
  return { namespace: NAMESPACES.found, key: digestKey(await digestBytes(where)) };
}

/** The index that is kept somewhere, damaged perhaps. */
export function keptIndex(
  metadata: MetadataStore,
  { namespace, key }: IndexPlace,
  options: AbortOptions,
): Promise<Bytes | undefined> {
  return metadata.get(namespace, key, options);
}

/** Keeps the index of a layer. */
export async function keepIndex(
  metadata: MetadataStore,
  { namespace, key }: IndexPlace,
  index: Bytes,
  options: AbortOptions,
): Promise<void> {
  // It can be had again.
  await metadata.set(namespace, key, index, { ...options, durable: false });
}

/** Forgets the indexes of layers that are in no store. */
export async function forgetRemoteIndexes(metadata: MetadataStore, options: AbortOptions): Promise<void> {
  for (const namespace of Object.values(NAMESPACES)) {
    for await (const key of metadata.keys(namespace, options)) {
      await metadata.delete(namespace, key, { ...options, durable: false });
    }
  }
}
