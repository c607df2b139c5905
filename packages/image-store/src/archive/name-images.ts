import { familiarString } from '@stowage/types';
import type { AbortOptions, Descriptor, ImageID, Reference, ReferenceStore } from '@stowage/types';
import type { LoadArchiveDeps, LoadArchiveOptions, LoadedImage } from './load-options.ts';
import type { PlannedImage } from './planned-image.ts';

/** Gives images their names, all of them in one step, and says so in docker's words in the order of the archive. */
export async function nameImages(
  images: readonly PlannedImage[],
  { references, imageEventLogger }: Pick<LoadArchiveDeps, 'references' | 'imageEventLogger'>,
  { tags = false, onMessage, signal }: LoadArchiveOptions,
): Promise<LoadedImage[]> {
  const wanted = typeof tags === 'function' ? tags : (): boolean => tags;
  const loaded = images.map(({ id, manifest, references: names }) => ({
    ...{ id, names, tagged: names.filter((name) => wanted(name)) },
    ...(manifest === undefined ? {} : { manifest: manifest.descriptor }),
  }));
  const given = loaded.flatMap(({ id, tagged, manifest }) =>
    tagged.map((reference) => ({ reference, id, target: manifest })),
  );
  const lines = given.length === 0 ? [] : await addTags(given, references, { signal });
  for (const { id, tagged } of loaded) {
    for (const line of lines.splice(0, tagged.length).flat()) onMessage?.(line);
    imageEventLogger?.(id, id, 'load');
  }
  // As docker has it: the IDs are told where the last image has no name.
  if (loaded.at(-1)?.tagged.length === 0) {
    for (const { id } of loaded) onMessage?.(`Loaded image ID: ${id}`);
  }
  return loaded;
}

/** A name that an image is given. */
interface GivenName {
  readonly reference: Reference;
  readonly id: ImageID;
  readonly target: Descriptor | undefined;
}

/** Answers what docker says of each name. */
function addTags(
  given: readonly GivenName[],
  references: ReferenceStore,
  options: AbortOptions,
): Promise<string[][]> {
  return references.update(async (changes) => {
    const lines: string[][] = [];
    for (const { reference, id, target } of given) {
      const name = familiarString(reference);
      const owner = (await changes.find(reference))?.imageId ?? id;
      await changes.addTag(reference, id, true, { ...options, target });
      lines.push([...(owner === id ? [] : [renaming(name, owner)]), `Loaded image: ${name}`]);
    }
    return lines;
  }, options);
}

/** What docker says when a name is taken from another image. */
function renaming(name: string, owner: ImageID): string {
  return `The image ${name} already exists, renaming the old one with ID ${owner} to empty string`;
}
