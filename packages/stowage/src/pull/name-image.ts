import { isStowageError, trimNamed, withDigest } from '@stowage/types';
import type {
  AbortOptions,
  Descriptor,
  ImageID,
  Reference,
  ReferenceChanges,
  ReferenceStore,
} from '@stowage/types';

/**
 * Gives the pulled image its names: the digest that it was pulled by, and the tag.
 *
 * @returns whether the reference named another image before, or none
 */
export async function nameImage(
  references: ReferenceStore | undefined,
  reference: Reference,
  imageId: ImageID,
  targets: { readonly image: Descriptor; readonly named: Descriptor },
  options: AbortOptions,
): Promise<boolean> {
  if (references === undefined) return true;
  return references.update(async (changes) => {
    const before = await changes.find(reference);
    // A digest names what it named first. An image of another platform of the same index is named by its own manifest.
    const pin = (target: Descriptor): Promise<boolean> =>
      addDigest(changes, withDigest(trimNamed(reference), target.digest), imageId, target);
    if (!(await pin(targets.named))) await pin(targets.image);
    if (reference.digest === undefined) {
      await changes.addTag(reference, imageId, true, { target: targets.image });
    }
    return before?.imageId !== imageId;
  }, options);
}

/**
 * Gives an image a name by digest.
 *
 * @param target what it leads to. Default: what other names of the image lead to
 * @returns whether the digest was free to name the image, or does already
 */
export async function addDigest(
  changes: Pick<ReferenceChanges, 'addDigest'>,
  pinned: Reference,
  imageId: ImageID,
  target: Descriptor | undefined,
  options: AbortOptions = {},
): Promise<boolean> {
  try {
    await changes.addDigest(pinned, imageId, false, { ...options, target });
    return true;
  } catch (error) {
    if (isStowageError(error, 'CONFLICT')) return false;
    throw error;
  }
}
