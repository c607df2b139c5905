import { DEFAULT_DOMAIN, isStowageError, parseNamed } from '@stowage/types';
import type { Digest, Reference, V2Metadata } from '@stowage/types';

/** A place where a layer was seen. */
export interface SeenLayer {
  readonly metadata: V2Metadata;
  /** Whether it was seen with the credentials of this push. */
  readonly isOurs: boolean;
}

/** A repository that a layer may be mounted from. */
export interface MountCandidate extends SeenLayer {
  /** Its name within the registry. */
  readonly path: string;
}

/**
 * Puts the places where a layer was seen in the order in which they are asked, by moby's rules: those seen with the same
 * credentials first, then by how many path components they begin with in common, then the youngest.
 *
 * @param seen the youngest last, as metadata is kept
 * @param repository the full name of the target
 */
export function rankByLikeness(seen: readonly SeenLayer[], repository: string): SeenLayer[] {
  const wanted = repository.split('/');
  const likeness = ({ metadata }: SeenLayer): number => {
    const parts = metadata.sourceRepository.split('/');
    const differs = parts.findIndex((part, index) => part !== wanted[index]);
    return differs < 0 ? parts.length : differs;
  };
  return [...seen].reverse().sort((a, b) => Number(b.isOurs) - Number(a.isOurs) || likeness(b) - likeness(a));
}

/**
 * The repositories that a layer is tried to be mounted from: others of the same registry, the likeliest first.
 *
 * @param most how many of them
 */
export function mountCandidates(
  seen: readonly SeenLayer[],
  repository: string,
  domain: string,
  most: number,
): MountCandidate[] {
  const candidates = seen.flatMap((one) => {
    const { sourceRepository } = one.metadata;
    const source = sourceRepository === repository ? undefined : parseRepository(sourceRepository);
    const isNear = source?.path !== undefined && (source.domain ?? DEFAULT_DOMAIN) === domain;
    return isNear ? [{ ...one, path: source.path }] : [];
  });
  return (rankByLikeness(candidates, repository) as MountCandidate[]).slice(0, most);
}

/**
 * The blobs that the target is asked for: each digest once, at its likeliest place.
 *
 * @param checked digests that were asked for before
 */
export function checkCandidates(
  seen: readonly SeenLayer[],
  repository: string,
  checked: ReadonlySet<Digest>,
  limits: { readonly checks: number; readonly others: boolean },
): SeenLayer[] {
  const allowed = seen.filter(
    ({ metadata: { sourceRepository } }) =>
      limits.others || sourceRepository === '' || sourceRepository === repository,
  );
  const chosen = new Map<Digest, SeenLayer>();
  for (const one of rankByLikeness(allowed, repository)) {
    const { digest } = one.metadata;
    if (chosen.size < limits.checks && !checked.has(digest) && !chosen.has(digest)) chosen.set(digest, one);
  }
  return [...chosen.values()];
}

/** A full name; what is malformed, shortened or unknown is none. */
function parseRepository(name: string): Reference | undefined {
  try {
    return parseNamed(name);
  } catch (error) {
    if (isStowageError(error)) return undefined;
    throw error;
  }
}
