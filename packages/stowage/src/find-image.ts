import {
  isStowageError,
  MEDIA_TYPES,
  parseAnyReference,
  StowageError,
  storedReference,
} from '@stowage/types';
import type {
  AbortOptions,
  Image,
  ImageID,
  ImageStore,
  ReferenceAssociation,
  ReferenceStore,
} from '@stowage/types';

/** An image of the store, and the name that it was found by. */
export interface FoundImage {
  readonly image: Image;
  /** Absent when the image was found by its ID. */
  readonly association?: ReferenceAssociation;
}

/** What images are looked up in. */
export interface FindImageDeps {
  readonly imageStore: ImageStore;
  readonly references: ReferenceStore;
}

/**
 * Finds an image of the store by what people type: a name, an ID or the beginning of one; a name wins.
 *
 * @param text a reference, an image ID, or at least the first characters of its hex
 * @throws `NOT_FOUND` `No such image: ...`, `AMBIGUOUS`, `INVALID_REFERENCE`
 */
export async function findImage(
  text: string,
  { imageStore, references }: FindImageDeps,
  options: AbortOptions = {},
): Promise<FoundImage> {
  const isId = /^(?:sha256:)?[0-9a-f]+$/.test(text);
  const reference = parse(text, isId);
  if (reference?.path !== undefined) {
    const association = await references.find(storedReference(reference), options);
    if (association !== undefined) {
      return { image: await imageStore.get(association.imageId, options), association };
    }
  }
  if (!isId) throw notFound(text);
  const id: ImageID = await imageStore.search(text, options);
  return { image: await imageStore.get(id, options) };
}

/** The name of an artifact: what stands in place of an image's ID is the digest of its manifest. */
export async function findArtifact(
  text: string,
  references: ReferenceStore,
  options: AbortOptions = {},
): Promise<ReferenceAssociation | undefined> {
  const reference = parse(text, true);
  if (reference?.path === undefined) return undefined;
  const association = await references.find(storedReference(reference), options);
  if (association?.target.mediaType !== MEDIA_TYPES.ociManifest) return undefined;
  return association.imageId === (association.target.digest as string) ? association : undefined;
}

/** An ID need not be a valid reference; anything else must be one. */
function parse(text: string, isId: boolean): ReturnType<typeof parseAnyReference> | undefined {
  try {
    return parseAnyReference(text);
  } catch (error) {
    if (isId && isStowageError(error, 'INVALID_REFERENCE')) return undefined;
    throw error;
  }
}

function notFound(text: string): StowageError {
  return new StowageError('NOT_FOUND', `No such image: ${text}`);
}
