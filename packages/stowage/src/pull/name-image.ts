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
    const named = await addDigest(changes, reference, imageId, targets.named);
    if (!named) await addDigest(changes, reference, imageId, targets.image);
    if (reference.digest === undefined) {
      await changes.addTag(reference, imageId, true, { target: targets.image });
    }
    return before?.imageId !== imageId;
  }, options);
}

/** Whether the digest was free to name the image, or does already. */
async function addDigest(
  changes: ReferenceChanges,
  reference: Reference,
  imageId: ImageID,
  target: Descriptor,
): Promise<boolean> {
  const pinned = withDigest(trimNamed(reference), target.digest);
  try {
    await changes.addDigest(pinned, imageId, false, { target });
    return true;
  } catch (error) {
    if (isStowageError(error, 'CONFLICT')) return false;
    throw error;
  }
}
