import type { AbortOptions, Bytes } from '../bytes.ts';
import { isDigest, parseDigest } from '../digest/digest.ts';
import type { Digest } from '../digest/digest.ts';
import { StowageError } from '../error/errors.ts';
import type { ChangeOptions } from './change-options.ts';

/**
 * Small values by namespace and key. A write replaces the whole value in one step and is durable when it resolves.
 *
 * Namespace and key pass {@link checkMetadataKey}. A file driver keeps `layers`, `images` and `seek` beside the
 * blobs, `layout` at the root of the OCI layout itself, and every other namespace under `metadata/`. So no key may be a
 * folder of another: `a` and `a/b` do not go together. Every call rejects with `INVALID_ARGUMENT` for a namespace or key
 * that does not pass.
 */
export interface MetadataStore {
  /** The value, or `undefined` where there is none. */
  get(namespace: string, key: string, options?: AbortOptions): Promise<Bytes | undefined>;
  /** Writes a value, over the one before it. The bytes may be reused once the promise resolves. */
  set(namespace: string, key: string, value: Bytes, options?: ChangeOptions): Promise<void>;
  /** Removes a value. Does nothing where there is none. */
  delete(namespace: string, key: string, options?: ChangeOptions): Promise<void>;
  /** The keys of a namespace, in no order; none for a namespace that was never written to. */
  keys(namespace: string, options?: AbortOptions): AsyncIterable<string>;
}

const NAMESPACE = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const SEGMENT = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,190}[A-Za-z0-9_-])?$/;
/** Names that Windows keeps for devices, with any ending. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;

/**
 * The gate for metadata keys: nothing that passes can leave its namespace, whatever a driver makes of it. A namespace
 * is lower-case words joined by dashes; a key is one to four segments of `[A-Za-z0-9][A-Za-z0-9._-]*` joined by `/`, each
 * of at most 192 characters. All of them are good file names everywhere: no segment and no namespace is a device of
 * Windows (`con`, `nul.json`), and no segment ends with a dot.
 *
 * @param namespace for example `layers`
 * @param key for example `sha256/<hex>.json`
 * @throws `INVALID_ARGUMENT`
 *
 * @example
 * ```ts
 * import { checkMetadataKey } from '@stowage/types';
 *
 * checkMetadataKey('layers', 'sha256/00.json'); // passes
 * ```
 */
export function checkMetadataKey(namespace: string, key: string): void {
  const segments = key.split('/');
  const sound =
    NAMESPACE.test(namespace) && segments.length <= 4 && segments.every((part) => SEGMENT.test(part));
  if (!sound || [namespace, ...segments].some((part) => DEVICE.test(part))) {
    throw new StowageError(
      'INVALID_ARGUMENT',
      `invalid metadata key ${JSON.stringify(`${namespace}/${key}`)}`,
    );
  }
}

/**
 * A digest as a metadata key: `algorithm/hex`, with an ending where one is wanted.
 *
 * @param digest a digest
 * @param ending for example `.json`. Default none
 * @throws `INVALID_DIGEST`
 *
 * @example
 * ```ts
 * import { asDigest, digestKey } from '@stowage/types';
 *
 * console.log(digestKey(asDigest('sha256:' + '0'.repeat(64)), '.json').slice(0, 9)); // sha256/00
 * ```
 */
export function digestKey(digest: string, ending = ''): string {
  const { algorithm, encoded } = parseDigest(digest);
  return `${algorithm}/${encoded}${ending}`;
}

/**
 * The digest that a metadata key was made of by {@link digestKey}, without an ending; `undefined` for other keys.
 *
 * @param key for example `sha256/<hex>`
 *
 * @example
 * ```ts
 * import { digestOfKey } from '@stowage/types';
 *
 * console.log(digestOfKey('sha256/' + '0'.repeat(64))?.slice(0, 9)); // sha256:00
 * console.log(digestOfKey('of-somebody-else')); // undefined
 * ```
 */
export function digestOfKey(key: string): Digest | undefined {
  const digest = key.replace('/', ':');
  return isDigest(digest) ? digest : undefined;
}
