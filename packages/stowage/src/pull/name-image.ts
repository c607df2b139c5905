import { isStowageError, trimNamed, withDigest } from '@stowage/types';
import type { AbortOptions, Descriptor, ImageID, Reference, ReferenceStore } from '@stowage/types';

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
  const before = await references.find(reference, options);
  // A digest names what it named first. An image of another platform of the same index is named by its own manifest.
  const named = await addDigest(references, reference, imageId, targets.named, options);
  if (!named) await addDigest(references, reference, imageId, targets.image, options);
  if (reference.digest === undefined) {
    await references.addTag(reference, imageId, true, { ...options, target: targets.image });
  }
  return before?.imageId !== imageId;
}

/** Whether the digest was free to name the image, or does already. */
async function addDigest(
  references: ReferenceStore,
  reference: Reference,
  imageId: ImageID,
  target: Descriptor,
  options: AbortOptions,
): Promise<boolean> {
  const pinned = withDigest(trimNamed(reference), target.digest);
  try {
    await references.addDigest(pinned, imageId, false, { ...options, target });
    return true;
  } catch (error) {
    if (isStowageError(error, 'CONFLICT')) return false;
    throw error;
  }
}
