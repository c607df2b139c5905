import { StowageError } from '@stowage/types';

/**
 * Checks the name of an index by moby's rules, which are few, and brings it into its normal form: `docker.io` for
 * `index.docker.io`.
 *
 * @param name a registry's host, with its port where it has one
 * @returns the name to use
 * @throws `INVALID_ARGUMENT`, in moby's words, where it begins or ends with a hyphen
 *
 * @example
 * ```ts
 * import { validateIndexName } from '@stowage/registry';
 *
 * console.log(validateIndexName('index.docker.io')); // docker.io
 * ```
 */
export function validateIndexName(name: string): string {
  if (name.startsWith('-') || name.endsWith('-')) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      `invalid index name (${name}). Cannot begin or end with a hyphen`,
    );
  }
  return name === 'index.docker.io' ? 'docker.io' : name;
}

/**
 * The index that a term of a search names, and what is left to search for there: the part before the first slash where
 * it looks like a host, else Docker Hub.
 *
 * @throws `INVALID_ARGUMENT`, in moby's words, for a term with a scheme
 */
export function splitSearchTerm(term: string): { readonly index: string; readonly term: string } {
  if (term.includes('://')) {
    throw new StowageError('INVALID_ARGUMENT', 'Invalid repository name (ex: "registry.domain.tld/myrepos")');
  }
  const slash = term.indexOf('/');
  const first = slash < 0 ? '' : term.slice(0, slash);
  const isHost = /[.:]/.test(first) || first === 'localhost';
  const index = isHost ? validateIndexName(first) : 'docker.io';
  const rest = isHost ? term.slice(slash + 1) : term;
  return { index, term: index === 'docker.io' ? rest.replace(/^library\//, '') : rest };
}
