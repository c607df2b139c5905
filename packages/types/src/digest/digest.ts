import { StowageError } from '../error/errors.ts';

declare const kind: unique symbol;

/** A validated digest, `algorithm:hex`. Made by {@link asDigest} or by a digester. */
export type Digest = `${string}:${string}` & { readonly [kind]: { readonly digest: true } };

/** The digest of a layer's uncompressed tar stream. */
export type DiffID = Digest & { readonly [kind]: { readonly diffId: true } };

/** The digest that names a stack of layers: the DiffID of the base, else of `"<parent ChainID> <DiffID>"`. */
export type ChainID = Digest & { readonly [kind]: { readonly chainId: true } };

/** The digest of an image's configuration, the image's name in the image store. */
export type ImageID = Digest & { readonly [kind]: { readonly imageId: true } };

/** An algorithm whose digests are verified. */
export type DigestAlgorithm = 'sha256' | 'sha384' | 'sha512';

/** The two halves of a digest. */
export interface DigestParts {
  readonly algorithm: DigestAlgorithm;
  /** Lower-case hexadecimal. */
  readonly encoded: string;
}

const ENCODED_LENGTH: Readonly<Record<DigestAlgorithm, number>> = { sha256: 64, sha384: 96, sha512: 128 };
const UNKNOWN_ALGORITHM = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+$/;
const LOWER_HEX = /^[a-f0-9]+$/;

/**
 * Splits and validates a digest by go-digest's rules. This is the one gate through which every digest from outside
 * passes before it becomes a path, a key or a URL.
 *
 * @param value the string to parse, `algorithm:hex`
 * @returns the algorithm (sha256, sha384 or sha512) and its lower-case hex
 * @throws `INVALID_DIGEST` with `reason` `'format'`, `'length'` or `'unsupported'`
 *
 * @example
 * ```ts
 * import { parseDigest } from '@stowage/types';
 *
 * const { algorithm, encoded } = parseDigest('sha256:' + 'ab'.repeat(32));
 * console.log(algorithm, encoded.length); // sha256 64
 * ```
 */
export function parseDigest(value: string): DigestParts {
  const colon = value.indexOf(':');
  if (colon <= 0 || colon === value.length - 1) throw invalid('format');
  const algorithm = value.slice(0, colon);
  const encoded = value.slice(colon + 1);
  if (!isAlgorithm(algorithm)) throw invalid(UNKNOWN_ALGORITHM.test(value) ? 'unsupported' : 'format');
  if (encoded.length !== ENCODED_LENGTH[algorithm]) throw invalid('length');
  if (!LOWER_HEX.test(encoded)) throw invalid('format');
  return { algorithm, encoded };
}

/**
 * Validates a digest and gives it its type.
 *
 * @param value the string to validate
 * @throws `INVALID_DIGEST` as {@link parseDigest}
 *
 * @example
 * ```ts
 * import { asDigest } from '@stowage/types';
 *
 * const digest = asDigest('sha256:' + '0'.repeat(64));
 * console.log(digest.length); // 71
 * ```
 */
export function asDigest(value: string): Digest {
  parseDigest(value);
  return value as Digest;
}

/**
 * Tells whether a string is a valid digest of a known algorithm.
 *
 * @param value any string
 *
 * @example
 * ```ts
 * import { isDigest } from '@stowage/types';
 *
 * console.log(isDigest('sha256:../../etc/passwd')); // false
 * ```
 */
export function isDigest(value: string): value is Digest {
  try {
    parseDigest(value);
    return true;
  } catch {
    return false;
  }
}

/**
 * The short form that people read: the algorithm dropped, the first 12 characters kept (moby's TruncateID).
 *
 * @param value a digest or a bare hexadecimal ID
 *
 * @example
 * ```ts
 * import { shortId } from '@stowage/types';
 *
 * console.log(shortId('sha256:' + '0123456789abcdef'.repeat(4))); // 0123456789ab
 * ```
 */
export function shortId(value: string): string {
  return value.slice(value.indexOf(':') + 1).slice(0, 12);
}

function isAlgorithm(value: string): value is DigestAlgorithm {
  return Object.hasOwn(ENCODED_LENGTH, value);
}

const MESSAGES = {
  format: 'invalid checksum digest format',
  length: 'invalid checksum digest length',
  unsupported: 'unsupported digest algorithm',
} as const;

function invalid(reason: keyof typeof MESSAGES): StowageError {
  return new StowageError('INVALID_DIGEST', MESSAGES[reason], { reason });
}
