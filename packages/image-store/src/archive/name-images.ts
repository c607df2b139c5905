import { familiarString } from '@stowage/types';
import type { AbortOptions, Reference, ReferenceStore } from '@stowage/types';
import type { LoadArchiveDeps, LoadArchiveOptions, LoadedImage } from './load-options.ts';
import type { PlannedImage } from './planned-image.ts';

/** Gives images their names, in the order of the archive, and says so in docker's words. */
export async function nameImages(
  images: readonly PlannedImage[],
  { references, imageEventLogger }: Pick<LoadArchiveDeps, 'references' | 'imageEventLogger'>,
  { tags = false, onMessage, signal }: LoadArchiveOptions,
): Promise<LoadedImage[]> {
  const wanted = typeof tags === 'function' ? tags : (): boolean => tags;
  const loaded: LoadedImage[] = [];
  for (const { id, manifest, references: names } of images) {
    const tagged: Reference[] = [];
    for (const reference of names) {
      if (!wanted(reference)) continue;
      const replaced = await previousOwner(reference, id, references, { signal });
      if (replaced !== undefined) onMessage?.(replaced);
      await references.addTag(reference, id, true, { signal, target: manifest?.descriptor });
      onMessage?.(`Loaded image: ${familiarString(reference)}`);
      tagged.push(reference);
    }
    loaded.push({ id, names, tagged, ...(manifest === undefined ? {} : { manifest: manifest.descriptor }) });
    imageEventLogger?.(id, id, 'load');
  }
  // As docker has it: the IDs are told where the last image has no name.
  if (loaded.at(-1)?.tagged.length === 0) {
    for (const { id } of loaded) onMessage?.(`Loaded image ID: ${id}`);
  }
  return loaded;
}

/** What docker says when a name is taken from another image. */
async function previousOwner(
  reference: Reference,
  id: string,
  references: ReferenceStore,
  options: AbortOptions,
): Promise<string | undefined> {
  const before = await references.find(reference, options);
  if (before === undefined || before.imageId === id) return undefined;
  return (
    `The image ${familiarString(reference)} already exists, ` +
    `renaming the old one with ID ${before.imageId} to empty string`
  );
}
