import type { DigestSet } from '../digest/digest-set.ts';
import { isDigest } from '../digest/digest.ts';
import type { Digest } from '../digest/digest.ts';
import { isStowageError, StowageError } from '../error/errors.ts';
import { toLowerCase } from './reference-grammar.ts';
import {
  formatReference,
  isCanonical,
  isNameOnly,
  isTagged,
  parseReference,
  referenceName,
  trimNamed,
  withDigest,
  withTag,
} from './reference.ts';
import type { Reference } from './reference.ts';

/**
 * The registry that a name without a registry belongs to.
 *
 * @example
 * ```ts
 * import { DEFAULT_DOMAIN, parseNormalizedNamed } from '@stowage/types';
 *
 * console.log(parseNormalizedNamed('ubuntu').domain === DEFAULT_DOMAIN); // true
 * ```
 */
export const DEFAULT_DOMAIN = 'docker.io';
/**
 * The tag that a name without a tag stands for.
 *
 * @example
 * ```ts
 * import { DEFAULT_TAG, parseDockerRef } from '@stowage/types';
 *
 * console.log(parseDockerRef('ubuntu').tag === DEFAULT_TAG); // true
 * ```
 */
export const DEFAULT_TAG = 'latest';

const LEGACY_DEFAULT_DOMAIN = 'index.docker.io';
const OFFICIAL_PREFIX = 'library/';
const RESERVED_NAME = 'scratch';
const IDENTIFIER = /^[a-f0-9]{64}$/;
const SHORT_IDENTIFIER = /^[a-f0-9]{6,64}$/;

/**
 * Parses a name as people type it, with docker's defaults: no registry means `docker.io`, and a lone name there
 * means `library/<name>`. No tag is added; see {@link tagNameOnly}.
 *
 * @param value the text to parse
 * @returns a reference with `domain` and `path` set
 * @throws `INVALID_REFERENCE`, in moby's words
 *
 * @example
 * ```ts
 * import { formatReference, parseNormalizedNamed } from '@stowage/types';
 *
 * console.log(formatReference(parseNormalizedNamed('ubuntu:24.04'))); // docker.io/library/ubuntu:24.04
 * ```
 */
export function parseNormalizedNamed(value: string): Reference {
  if (IDENTIFIER.test(value)) {
    throw invalid(`invalid repository name (${value}), cannot specify 64-byte hexadecimal strings`);
  }
  const [domain, remainder] = splitDockerDomain(value);
  const colon = remainder.indexOf(':');
  const path = colon < 0 ? remainder : remainder.slice(0, colon);
  if (path !== toLowerCase(path)) {
    throw invalid('invalid reference format: repository name must be lowercase');
  }
  const reference = parseReference(`${domain}/${remainder}`);
  if (reference.domain === undefined) throw invalid(`reference ${value} has no name`);
  return reference;
}

/**
 * Parses a name that must already be in its full form.
 *
 * @param value the text to parse, for example `docker.io/library/ubuntu`
 * @throws `INVALID_REFERENCE` when it is malformed or not in its full form
 *
 * @example
 * ```ts
 * import { parseNamed } from '@stowage/types';
 *
 * console.log(parseNamed('docker.io/library/ubuntu').path); // library/ubuntu
 * ```
 */
export function parseNamed(value: string): Reference {
  const reference = parseNormalizedNamed(value);
  if (formatReference(reference) !== value) throw invalid('repository name must be canonical');
  return reference;
}

/**
 * Parses a name with docker's defaults and makes it point at exactly one thing: the digest where there is one (a tag
 * beside it is dropped), else the tag, else `latest`.
 *
 * @param value the text to parse
 * @throws `INVALID_REFERENCE`, in moby's words
 *
 * @example
 * ```ts
 * import { formatReference, parseDockerRef } from '@stowage/types';
 *
 * console.log(formatReference(parseDockerRef('ubuntu'))); // docker.io/library/ubuntu:latest
 * ```
 */
export function parseDockerRef(value: string): Reference {
  const reference = parseNormalizedNamed(value);
  const { digest } = reference;
  if (digest !== undefined && isTagged(reference)) return withDigest(trimNamed(reference), digest);
  return tagNameOnly(reference);
}

/**
 * Parses whatever names an image: a name, a digest, or 64 hexadecimal characters (taken as a sha256 digest).
 *
 * With a set of digests, 6 to 64 hexadecimal characters are looked up there, and what the set does not have or has
 * several of is taken as a name; 64 characters, which cannot be a name, are then refused.
 *
 * @param value the text to parse
 * @param digests what the beginning of a digest is looked up in
 * @throws `INVALID_REFERENCE`, in moby's words
 *
 * @example
 * ```ts
 * import { asDigest, createDigestSet, parseAnyReference } from '@stowage/types';
 *
 * const known = createDigestSet();
 * known.add(asDigest('sha256:' + 'ab'.repeat(32)));
 * console.log(parseAnyReference('ababab', known).digest?.slice(0, 10)); // sha256:aba
 * console.log(parseAnyReference('ababab').path); // library/ababab
 * ```
 */
export function parseAnyReference(value: string, digests?: Pick<DigestSet, 'lookup'>): Reference {
  const digest = digests === undefined ? wholeDigest(value) : knownDigest(value, digests);
  return digest === undefined ? parseNormalizedNamed(value) : Object.freeze({ digest });
}

/**
 * Adds `latest` to a reference that has neither tag nor digest.
 *
 * @param reference a reference with a name
 *
 * @example
 * ```ts
 * import { formatReference, parseNormalizedNamed, tagNameOnly } from '@stowage/types';
 *
 * console.log(formatReference(tagNameOnly(parseNormalizedNamed('ubuntu')))); // docker.io/library/ubuntu:latest
 * ```
 */
export function tagNameOnly(reference: Reference): Reference {
  return isNameOnly(reference) ? withTag(reference, DEFAULT_TAG) : reference;
}

/**
 * The name as people write it: `docker.io/` and, for official images, `library/` dropped.
 *
 * @param reference a reference with a name
 *
 * @example
 * ```ts
 * import { familiarName, parseNormalizedNamed } from '@stowage/types';
 *
 * console.log(familiarName(parseNormalizedNamed('docker.io/library/ubuntu:24.04'))); // ubuntu
 * ```
 */
export function familiarName(reference: Reference): string {
  return referenceName(familiar(reference));
}

/**
 * The whole reference as people write it: {@link familiarName} with its tag and digest.
 *
 * @param reference any reference
 *
 * @example
 * ```ts
 * import { familiarString, parseNormalizedNamed } from '@stowage/types';
 *
 * console.log(familiarString(parseNormalizedNamed('docker.io/library/ubuntu:24.04'))); // ubuntu:24.04
 * ```
 */
export function familiarString(reference: Reference): string {
  return formatReference(familiar(reference));
}

/**
 * Whether a reference has the one name that no image can have: `scratch`, of docker's official images, with any tag or
 * digest. Pulling and pushing it is refused with `'scratch' is a reserved name`.
 *
 * @param reference a reference with a name
 *
 * @example
 * ```ts
 * import { isReservedName, parseNormalizedNamed } from '@stowage/types';
 *
 * console.log(isReservedName(parseNormalizedNamed('scratch:latest'))); // true
 * console.log(isReservedName(parseNormalizedNamed('quay.io/scratch'))); // false
 * ```
 */
export function isReservedName(reference: Reference): boolean {
  return familiarName(reference) === RESERVED_NAME;
}

/**
 * What a reference is tracked under: a digest wins over a tag. Without either, `latest` is meant.
 *
 * @param reference a reference with a name
 *
 * @example
 * ```ts
 * import { formatReference, parseNormalizedNamed, storedReference } from '@stowage/types';
 *
 * console.log(formatReference(storedReference(parseNormalizedNamed('ubuntu')))); // docker.io/library/ubuntu:latest
 * ```
 */
export function storedReference(reference: Reference): Reference {
  const { digest } = reference;
  return digest !== undefined && isCanonical(reference)
    ? withDigest(trimNamed(reference), digest)
    : tagNameOnly(reference);
}

function familiar(reference: Reference): Reference {
  if (reference.domain !== DEFAULT_DOMAIN) return reference;
  const { domain: _, path = '', ...rest } = reference;
  const name = path.startsWith(OFFICIAL_PREFIX) ? path.slice(OFFICIAL_PREFIX.length) : path;
  return { ...rest, path: name.includes('/') ? path : name };
}

function wholeDigest(value: string): Digest | undefined {
  if (IDENTIFIER.test(value)) return `sha256:${value}` as Digest;
  return isDigest(value) ? value : undefined;
}

function knownDigest(value: string, digests: Pick<DigestSet, 'lookup'>): Digest | undefined {
  if (!SHORT_IDENTIFIER.test(value)) return isDigest(value) ? value : undefined;
  try {
    return digests.lookup(value);
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND') || isStowageError(error, 'AMBIGUOUS')) return undefined;
    throw error;
  }
}

function splitDockerDomain(value: string): readonly [string, string] {
  const slash = value.indexOf('/');
  const first = slash < 0 ? '' : value.slice(0, slash);
  const isDomain = /[.:]/.test(first) || first === 'localhost' || first !== toLowerCase(first);
  const domain = isDomain && first !== LEGACY_DEFAULT_DOMAIN ? first : DEFAULT_DOMAIN;
  const remainder = isDomain ? value.slice(slash + 1) : value;
  return domain === DEFAULT_DOMAIN && !remainder.includes('/')
    ? [domain, OFFICIAL_PREFIX + remainder]
    : [domain, remainder];
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_REFERENCE', message);
}
