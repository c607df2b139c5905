import { familiarName, formatReference, isNameOnly, parseAnyReference, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  ImageID,
  ImageStore,
  Reference,
  ReferenceStore,
} from '@stowage/types';

/** What images are found in. */
export interface SelectImagesDeps {
  readonly imageStore: Pick<ImageStore, 'search' | 'get'>;
  readonly references: Pick<ReferenceStore, 'find' | 'referencesByName'>;
}

/** An image that is to be saved. */
export interface SelectedImage {
  readonly id: ImageID;
  /** The tags that it is saved with. */
  readonly tags: readonly Reference[];
  /** What names of it lead to: its manifest, or an index that has it. */
  readonly targets: readonly Descriptor[];
}

interface Selection {
  readonly tags: Map<string, Reference>;
  readonly targets: Descriptor[];
}

/**
 * Finds images by what people type, as `docker save` does: an ID or the beginning of one gives an image without a name,
 * a tag that image with the tag, a name alone all tags of the name.
 *
 * @throws `NOT_FOUND`, `AMBIGUOUS`, `INVALID_REFERENCE`
 */
export async function selectImages(
  texts: readonly string[],
  { imageStore, references }: SelectImagesDeps,
  options: AbortOptions,
): Promise<SelectedImage[]> {
  const found = new Map<ImageID, Selection>();
  const add = (id: ImageID, reference?: Reference, target?: Descriptor): void => {
    const { tags, targets } = found.get(id) ?? { tags: new Map<string, Reference>(), targets: [] };
    if (reference?.tag !== undefined && reference.digest === undefined)
      tags.set(formatReference(reference), reference);
    if (target !== undefined) targets.push(target);
    found.set(id, { tags, targets });
  };
  for (const text of texts) {
    const reference = parseAnyReference(text);
    // A digest alone, or the beginning of one, which reads like a tag of an image called sha256.
    if (reference.path === undefined || familiarName(reference) === 'sha256') {
      add(await imageStore.search(text, options));
    } else if (isNameOnly(reference)) {
      const associations = await references.referencesByName(reference, options);
      for (const { imageId, reference: name, target } of associations) add(imageId, name, target);
      if (associations.length === 0) add(await imageStore.search(text, options));
    } else {
      const association = await references.find(reference, options);
      if (association === undefined) throw new StowageError('NOT_FOUND', 'reference does not exist');
      add(association.imageId, association.reference, association.target);
    }
  }
  return [...found].map(([id, { tags, targets }]) => ({ id, tags: [...tags.values()], targets }));
}
