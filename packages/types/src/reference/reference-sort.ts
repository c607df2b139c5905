import { isStowageError } from '../error/errors.ts';
import { compareUtf8 } from '../go-json/go-json-text.ts';
import { parseAnyReference } from './reference-docker.ts';
import { formatReference, isCanonical, isTagged } from './reference.ts';
import type { Reference } from './reference.ts';

/**
 * Sorts references: names with tag and digest, with a tag, with a digest, with neither, then digests alone; each kind
 * by its full form. What cannot be parsed comes last, as it was given.
 *
 * @param list references as people type them
 * @returns a new list; what could be parsed is in its full form
 *
 * @example
 * ```ts
 * import { sortReferences } from '@stowage/types';
 *
 * console.log(sortReferences(['?', 'busybox', 'alpine', 'ubuntu:24.04']));
 * // ['docker.io/library/ubuntu:24.04', 'docker.io/library/alpine', 'docker.io/library/busybox', '?']
 * ```
 */
export function sortReferences(list: readonly string[]): string[] {
  return list
    .map(rank)
    .sort((a, b) => a.rank - b.rank || compareUtf8(a.text, b.text))
    .map(({ text }) => text);
}

interface Ranked {
  readonly rank: number;
  readonly text: string;
}

function rank(value: string): Ranked {
  try {
    const reference = parseAnyReference(value);
    return { rank: rankOf(reference), text: formatReference(reference) };
  } catch (error) {
    if (!isStowageError(error, 'INVALID_REFERENCE')) throw error;
    return { rank: 6, text: value };
  }
}

function rankOf(reference: Reference): number {
  if (reference.path === undefined) return 5;
  if (isTagged(reference)) return isCanonical(reference) ? 1 : 2;
  return isCanonical(reference) ? 3 : 4;
}
