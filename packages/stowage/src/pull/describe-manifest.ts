import { isStowageError } from '@stowage/types';
import type { AbortOptions, Descriptor, Repository } from '@stowage/types';

/**
 * What a tag or a digest names, as moby asks: what HEAD does not find is asked for by GET. Registries are known that have
 * no HEAD, and the others say what they miss.
 */
export async function describeManifest(
  { manifests }: Pick<Repository, 'manifests'>,
  reference: string,
  options: AbortOptions,
): Promise<Descriptor> {
  try {
    return await manifests.head(reference, options);
  } catch (error) {
    if (!isStowageError(error, 'NOT_FOUND')) throw error;
    return (await manifests.get(reference, options)).descriptor;
  }
}
