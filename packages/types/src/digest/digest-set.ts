import { parseDigest } from './digest.ts';
import type { Digest } from './digest.ts';
import { isStowageError, StowageError } from '../error/errors.ts';

/** Digests that are found by the beginning of their hexadecimal part. Made by {@link createDigestSet}. */
export interface DigestSet {
  /**
   * Adds a digest; does nothing where it is in the set already.
   *
   * @throws `INVALID_DIGEST`
   */
  add(digest: Digest): void;
  /**
   * Removes a digest; does nothing where it is not in the set.
   *
   * @throws `INVALID_DIGEST`
   */
  remove(digest: Digest): void;
  /**
   * The one digest that a text stands for: `algorithm:hex`, `algorithm:` with the first characters of the hex, or
   * those characters alone, of any algorithm. A whole digest is found however many others begin with its hex.
   *
   * @throws `NOT_FOUND` `digest not found`; `AMBIGUOUS` `ambiguous digest string` when several begin so
   */
  lookup(prefix: string): Digest;
  /** Every digest, sorted by hex and then by algorithm. */
  all(): Digest[];
  /**
   * A short code for each digest: the first characters of its hex, at least `length` of them and as many more as keep
   * it apart from the digests that sort after it; the whole digest where its hex is no longer than that.
   *
   * @param length the least number of characters, whole and not negative
   * @throws `INVALID_ARGUMENT`
   */
  shortCodeTable(length: number): Map<Digest, string>;
}

/**
 * An empty set of digests with look-up by prefix, in which images are found by a short ID. Behaves as go-digest's
 * `digestset`.
 *
 * @example
 * ```ts
 * import { asDigest, createDigestSet } from '@stowage/types';
 *
 * const set = createDigestSet();
 * set.add(asDigest('sha256:' + '12ab'.repeat(16)));
 * console.log(set.lookup('12ab1').length, set.lookup('sha256:12').length); // 71 71
 * ```
 */
export function createDigestSet(): DigestSet {
  return new SortedDigestSet();
}

interface Entry {
  readonly algorithm: string;
  readonly encoded: string;
  readonly digest: Digest;
}

class SortedDigestSet implements DigestSet {
  readonly #entries: Entry[] = [];

  add(digest: Digest): void {
    const entry = { ...parseDigest(digest), digest };
    const index = this.#search(entry.encoded, entry.algorithm);
    if (this.#entries[index]?.digest !== digest) this.#entries.splice(index, 0, entry);
  }

  remove(digest: Digest): void {
    const { algorithm, encoded } = parseDigest(digest);
    const index = this.#search(encoded, algorithm);
    if (this.#entries[index]?.digest === digest) this.#entries.splice(index, 1);
  }

  lookup(prefix: string): Digest {
    const [algorithm, encoded] = splitPrefix(prefix);
    const index = this.#search(encoded, algorithm);
    const found = this.#entries[index];
    // As in go-digest, only the first entry in order is looked at: one of another algorithm hides what follows it.
    if (found === undefined || !isMatch(found, encoded, algorithm)) {
      throw new StowageError('NOT_FOUND', 'digest not found');
    }
    if (found.algorithm === algorithm && found.encoded === encoded) return found.digest;
    const next = this.#entries[index + 1];
    if (next !== undefined && isMatch(next, encoded, algorithm)) {
      throw new StowageError('AMBIGUOUS', 'ambiguous digest string');
    }
    return found.digest;
  }

  all(): Digest[] {
    return this.#entries.map(({ digest }) => digest);
  }

  shortCodeTable(length: number): Map<Digest, string> {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw new StowageError('INVALID_ARGUMENT', `invalid length of short codes: ${String(length)}`);
    }
    const codes = new Map<Digest, string>();
    // A length that was needed once is kept for the whole group of digests that made it necessary.
    let current = length;
    let endOfGroup = 0;
    for (const [index, { encoded, digest }] of this.#entries.entries()) {
      const followers = encoded.length > current ? this.#countFollowers(index, encoded.slice(0, current)) : 0;
      if (followers > 0) {
        endOfGroup = Math.max(endOfGroup, index + followers);
        current = Math.min(encoded.length, commonLength(encoded, this.#entries[index + 1]?.encoded) + 1);
      }
      codes.set(digest, encoded.length <= current ? digest : encoded.slice(0, current));
      if (index >= endOfGroup) current = length;
    }
    return codes;
  }

  /** The first entry that does not sort before the given one. */
  #search(encoded: string, algorithm: string): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry !== undefined && isBefore(entry, encoded, algorithm)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** How many of the entries after `index` begin as given, one after the other. */
  #countFollowers(index: number, prefix: string): number {
    let count = 0;
    while (this.#entries[index + count + 1]?.encoded.startsWith(prefix) === true) count += 1;
    return count;
  }
}

function isBefore(entry: Entry, encoded: string, algorithm: string): boolean {
  return entry.encoded === encoded ? entry.algorithm < algorithm : entry.encoded < encoded;
}

/** How many characters two texts have in common at their beginning. */
function commonLength(one: string, other: string | undefined): number {
  let length = 0;
  while (length < one.length && one[length] === other?.[length]) length += 1;
  return length;
}

/** What is wrong with the format is no digest at all, so the whole is hex; a wrong length is what a prefix has. */
function splitPrefix(prefix: string): readonly [algorithm: string, encoded: string] {
  try {
    parseDigest(prefix);
  } catch (error) {
    if (isStowageError(error, 'INVALID_DIGEST') && error.reason === 'format') return ['', prefix];
  }
  const colon = prefix.indexOf(':');
  return [prefix.slice(0, colon), prefix.slice(colon + 1)];
}

function isMatch(entry: Entry, encoded: string, algorithm: string): boolean {
  return entry.encoded.startsWith(encoded) && (algorithm === '' || entry.algorithm === algorithm);
}
