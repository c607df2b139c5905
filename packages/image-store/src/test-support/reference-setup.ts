import { createMemoryStorage } from '@stowage/storage';
import { asDigest, formatReference, MEDIA_TYPES, parseNormalizedNamed } from '@stowage/types';
import type { Descriptor, ImageID, Reference, ReferenceStore, Storage } from '@stowage/types';
import { openReferenceStore } from '../reference/reference-store.ts';

export const ONE: ImageID = asDigest(`sha256:${'1'.repeat(64)}`) as ImageID;
export const TWO: ImageID = asDigest(`sha256:${'2'.repeat(64)}`) as ImageID;
export const DIGEST: string = `sha256:${'d'.repeat(64)}`;
export const TARGET: Descriptor = { mediaType: MEDIA_TYPES.ociManifest, digest: asDigest(DIGEST), size: 10 };
export const OTHER: Descriptor = { ...TARGET, digest: asDigest(`sha256:${'e'.repeat(64)}`) };

export function named(text: string): Reference {
  return parseNormalizedNamed(text);
}

export async function setup(text?: string): Promise<{ storage: Storage; store: ReferenceStore }> {
  const storage = createMemoryStorage();
  if (text !== undefined) await writeIndex(storage, text);
  return { storage, store: await openReferenceStore({ storage }) };
}

export function writeIndex(storage: Storage, text: string): Promise<void> {
  return storage.metadata.set('layout', 'index.json', new TextEncoder().encode(text));
}

export async function readIndex(storage: Storage): Promise<string> {
  return new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
}

export async function namesOf(list: ReturnType<ReferenceStore['all']>): Promise<string[]> {
  return (await list).map(({ reference }) => formatReference(reference));
}
