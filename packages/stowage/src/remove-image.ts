import { familiarString, referenceName, shortId, StowageError } from '@stowage/types';
import { findArtifact } from './find-image.ts';
import type { AbortOptions, ImageID, ReferenceAssociation, ReferenceStore } from '@stowage/types';

/** What names are taken from: an image or an artifact, and the name that it was found by, if by one. */
export interface NamedThing {
  readonly image: { readonly id: ImageID };
  readonly association?: ReferenceAssociation;
}

/** What a removal took away. */
export interface RemoveResult {
  /** Names that are gone, as people write them. */
  readonly untagged: readonly string[];
  /** Image IDs, layer ChainIDs and digests of artifacts that are gone. */
  readonly deleted: readonly string[];
}

/**
 * Takes names from an image as `docker rmi` does: one name, the digests of its repository with its last tag there, or
 * all of them when the image was found by its ID.
 *
 * @returns the names taken, and whether the image has any left
 * @throws `CONFLICT` for an ID that several repositories name, unless `force` is set
 */
export async function removeNames(
  { image, association }: NamedThing,
  references: ReferenceStore,
  { force = false, ...options }: AbortOptions & { readonly force?: boolean | undefined },
): Promise<{ readonly untagged: string[]; readonly named: boolean }> {
  const all = await references.references(image.id, options);
  const going = association === undefined ? byId(image.id, all, force) : byName(association, all);
  for (const { reference } of going) await references.delete(reference, options);
  return {
    untagged: going.map(({ reference }) => familiarString(reference)),
    named: going.length < all.length,
  };
}

/**
 * Takes a name from an artifact, and with the last tag its digests.
 *
 * @returns what went, or `undefined` where the name is not one of an artifact
 */
export async function removeArtifact(
  text: string,
  references: ReferenceStore,
  options: AbortOptions,
): Promise<RemoveResult | undefined> {
  const association = await findArtifact(text, references, options);
  if (association === undefined) return undefined;
  const { imageId: id } = association;
  const { untagged, named } = await removeNames({ image: { id }, association }, references, options);
  return { untagged, deleted: named ? [] : [id] };
}

function byId(
  id: ImageID,
  all: readonly ReferenceAssociation[],
  force: boolean,
): readonly ReferenceAssociation[] {
  const repositories = new Set(all.map(({ reference }) => referenceName(reference)));
  if (repositories.size > 1 && !force) {
    throw new StowageError(
      'CONFLICT',
      `conflict: unable to delete ${shortId(id)} (must be forced) - ` +
        'image is referenced in multiple repositories',
    );
  }
  return all;
}

/** The last tag of a repository takes the digests of that repository with it. */
function byName(
  association: ReferenceAssociation,
  all: readonly ReferenceAssociation[],
): readonly ReferenceAssociation[] {
  const name = referenceName(association.reference);
  const siblings = all.filter(({ reference }) => referenceName(reference) === name);
  const tags = siblings.filter(({ reference }) => reference.tag !== undefined);
  const isLastTag = tags.length === 1 && association.reference.tag !== undefined;
  return isLastTag ? siblings : [association];
}
