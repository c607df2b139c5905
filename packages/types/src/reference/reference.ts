import { asDigest } from '../digest/digest.ts';
import type { Digest } from '../digest/digest.ts';
import { StowageError } from '../error/errors.ts';
import { isDigestShaped, isTag, splitName, splitReference, toLowerCase } from './reference-grammar.ts';

/**
 * A parsed reference, frozen: `[domain/]path[:tag][@digest]`. A reference to content by digest alone has only
 * `digest`.
 */
export interface Reference {
  /** The registry, for example `docker.io` or `localhost:5000`. */
  readonly domain?: string;
  /** The repository within the registry. */
  readonly path?: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * The longest name that is accepted, domain left out, in characters.
 *
 * @example
 * ```ts
 * import { MAX_NAME_LENGTH, parseReference } from '@stowage/types';
 *
 * console.log(parseReference('a'.repeat(MAX_NAME_LENGTH)).path?.length); // 255
 * ```
 */
export const MAX_NAME_LENGTH = 255;

/**
 * Parses a reference by the grammar of distribution/reference v0.6, adding nothing: `ubuntu` stays `ubuntu`, and the
 * first component of a longer name counts as its domain wherever it can be one. Most callers want
 * `parseNormalizedNamed`, which knows docker's defaults. Takes time linear in the length of the input.
 *
 * @param value the text to parse
 * @throws `INVALID_REFERENCE`, in moby's words
 *
 * @example
 * ```ts
 * import { parseReference } from '@stowage/types';
 *
 * const reference = parseReference('localhost:5000/team/app:v1');
 * console.log(reference.domain, reference.path, reference.tag); // localhost:5000 team/app v1
 * ```
 */
export function parseReference(value: string): Reference {
  const parts = splitReference(value);
  if (parts === undefined) {
    if (value === '') throw invalid('repository name must have at least one component');
    if (splitReference(toLowerCase(value)) !== undefined) throw invalid('repository name must be lowercase');
    throw invalid('invalid reference format');
  }
  checkLength(parts.path);
  const { digest, ...named } = parts;
  return Object.freeze(digest === undefined ? named : { ...named, digest: validDigest(digest) });
}

/**
 * Writes a reference as `name:tag@digest`, each part where it is set.
 *
 * @param reference the reference to write
 *
 * @example
 * ```ts
 * import { formatReference, parseReference } from '@stowage/types';
 *
 * console.log(formatReference(parseReference('quay.io/a/b:c'))); // quay.io/a/b:c
 * ```
 */
export function formatReference(reference: Reference): string {
  const name = referenceName(reference);
  if (name === '') return reference.digest ?? '';
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${name}${tag}${digest}`;
}

/**
 * The name of a reference, `domain/path`; the path alone where there is no domain; empty for a bare digest.
 *
 * @param reference the reference to read
 *
 * @example
 * ```ts
 * import { parseNormalizedNamed, referenceName } from '@stowage/types';
 *
 * console.log(referenceName(parseNormalizedNamed('busybox:1.36'))); // docker.io/library/busybox
 * ```
 */
export function referenceName(reference: Reference): string {
  const { domain, path = '' } = reference;
  return domain === undefined || domain === '' ? path : `${domain}/${path}`;
}

/**
 * The same reference with another tag; its digest, if any, stays.
 *
 * @param reference a reference with a name
 * @param tag the new tag
 * @throws `INVALID_REFERENCE` for a malformed tag
 *
 * @example
 * ```ts
 * import { formatReference, parseReference, withTag } from '@stowage/types';
 *
 * console.log(formatReference(withTag(parseReference('quay.io/a/b'), 'v2'))); // quay.io/a/b:v2
 * ```
 */
export function withTag(reference: Reference, tag: string): Reference {
  if (!isTag(tag)) throw invalid('invalid tag format');
  return Object.freeze({ ...reference, tag });
}

/**
 * The same reference with another digest; its tag, if any, stays.
 *
 * @param reference a reference with a name
 * @param digest the new digest
 * @throws `INVALID_REFERENCE` for a malformed digest: `invalid digest format`, or what go-digest says of one that only
 *   looks well
 *
 * @example
 * ```ts
 * import { asDigest, parseReference, withDigest } from '@stowage/types';
 *
 * const pinned = withDigest(parseReference('quay.io/a/b'), asDigest('sha256:' + '0'.repeat(64)));
 * console.log(pinned.digest?.length); // 71
 * ```
 */
export function withDigest(reference: Reference, digest: string): Reference {
  if (!isDigestShaped(digest)) throw invalid('invalid digest format');
  return Object.freeze({ ...reference, digest: validDigest(digest) });
}

/**
 * A reference that is a name and nothing else.
 *
 * @param name `[domain/]path`
 * @throws `INVALID_REFERENCE` when the text is malformed or carries a tag or digest
 *
 * @example
 * ```ts
 * import { withName } from '@stowage/types';
 *
 * console.log(withName('quay.io/a/b').path); // a/b
 * ```
 */
export function withName(name: string): Reference {
  const parts = splitName(name);
  if (parts === undefined) throw invalid('invalid reference format');
  checkLength(parts.path);
  return Object.freeze(parts);
}

/**
 * The name of a reference alone, tag and digest dropped.
 *
 * @param reference a reference with a name
 *
 * @example
 * ```ts
 * import { formatReference, parseReference, trimNamed } from '@stowage/types';
 *
 * console.log(formatReference(trimNamed(parseReference('quay.io/a/b:c')))); // quay.io/a/b
 * ```
 */
export function trimNamed(reference: Reference): Reference {
  const { tag: _tag, digest: _digest, ...name } = reference;
  return Object.freeze(name);
}

/**
 * Whether a reference has neither tag nor digest.
 *
 * @param reference the reference to ask about
 *
 * @example
 * ```ts
 * import { isNameOnly, parseReference } from '@stowage/types';
 *
 * console.log(isNameOnly(parseReference('quay.io/a/b'))); // true
 * ```
 */
export function isNameOnly(reference: Reference): boolean {
  return reference.path !== undefined && reference.tag === undefined && reference.digest === undefined;
}

/**
 * Whether a reference has a name and a digest.
 *
 * @param reference the reference to ask about
 *
 * @example
 * ```ts
 * import { isCanonical, parseReference } from '@stowage/types';
 *
 * console.log(isCanonical(parseReference('quay.io/a/b@sha256:' + '0'.repeat(64)))); // true
 * ```
 */
export function isCanonical(reference: Reference): boolean {
  return reference.path !== undefined && reference.digest !== undefined;
}

/**
 * Whether a reference has a name and a tag.
 *
 * @param reference the reference to ask about
 *
 * @example
 * ```ts
 * import { isTagged, parseReference } from '@stowage/types';
 *
 * console.log(isTagged(parseReference('quay.io/a/b:c'))); // true
 * ```
 */
export function isTagged(reference: Reference): boolean {
  return reference.path !== undefined && reference.tag !== undefined;
}

function checkLength(path: string): void {
  if (path.length <= MAX_NAME_LENGTH) return;
  throw invalid(`repository name must not be more than ${String(MAX_NAME_LENGTH)} characters`);
}

function validDigest(value: string): Digest {
  try {
    return asDigest(value);
  } catch (cause) {
    throw new StowageError('INVALID_REFERENCE', (cause as Error).message, { cause });
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_REFERENCE', message);
}
