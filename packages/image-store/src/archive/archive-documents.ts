import {
  asDigest,
  decodeGoJson,
  isStowageError,
  parseNormalizedNamed,
  isTagged,
  StowageError,
  withTag,
} from '@stowage/types';
import type { Bytes, Digest, ImageID, Reference } from '@stowage/types';

/** One image of a `manifest.json`. */
export interface ManifestItem {
  /** Paths in the archive. */
  readonly config: string;
  readonly layers: readonly string[];
  readonly references: readonly Reference[];
  readonly parent?: ImageID;
}

/**
 * Parses a `manifest.json`. `LayerSources` is checked and dropped: it tells where else layers can be had, and those of
 * an archive are in it.
 *
 * @throws `INVALID_ARCHIVE`
 */
export function parseManifestItems(bytes: Bytes): ManifestItem[] {
  const value = decode(bytes, 'manifest.json');
  if (value === null) {
    throw invalid('invalid manifest, manifest cannot be null (but can be [])');
  }
  if (!Array.isArray(value)) throw invalid('invalid manifest.json: not a list');
  return value.map((item: unknown) => {
    const members = membersOf(item, 'manifest.json');
    const parent = text(members.get('parent') ?? '');
    for (const diffId of membersOf(members.get('layersources') ?? {}, 'LayerSources', false).keys())
      digest(diffId);
    return {
      config: text(members.get('config')),
      layers: texts(members.get('layers')),
      references: texts(members.get('repotags')).map(parseTag),
      ...(parent === '' ? {} : { parent: digest(parent) as ImageID }),
    };
  });
}

/** A name in an archive of the time before `manifest.json`, and the image of version 1 that it is for. */
export interface RepositoryName {
  readonly reference: Reference;
  readonly id: string;
}

/**
 * Parses a file `repositories`: by name, by tag, the ID of an image of version 1.
 *
 * @throws `INVALID_ARCHIVE`
 */
export function parseRepositories(bytes: Bytes): RepositoryName[] {
  const names: RepositoryName[] = [];
  const repositories = membersOf(decode(bytes, 'repositories'), 'repositories', false);
  for (const [name, tags] of repositories) {
    for (const [tag, id] of membersOf(tags, 'repositories', false)) {
      const reference = asReference(name, () => withTag(parseNormalizedNamed(name), tag));
      names.push({ reference, id: text(id) });
    }
  }
  return names;
}

/** A name with its tag. `INVALID_ARCHIVE` `invalid tag "..."`. */
export function parseTag(name: string): Reference {
  const reference = asReference(name, () => parseNormalizedNamed(name));
  if (!isTagged(reference) || reference.digest !== undefined) throw invalidTag(name);
  return reference;
}

function asReference(name: string, parse: () => Reference): Reference {
  try {
    return parse();
  } catch (cause) {
    if (isStowageError(cause)) throw invalidTag(name, cause);
    throw cause;
  }
}

function decode(bytes: Bytes, what: string): unknown {
  try {
    return decodeGoJson(bytes);
  } catch (cause) {
    if (!isStowageError(cause, 'INVALID_MANIFEST')) throw cause;
    throw new StowageError('INVALID_ARCHIVE', `invalid ${what}: ${cause.message}`, { cause });
  }
}

/** The members of an object: of documents in any case, as Go reads them, of maps as they are written. */
function membersOf(value: unknown, what: string, anyCase = true): Map<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`invalid ${what}: not an object`);
  }
  return new Map(
    Object.entries(value).map(([name, member]) => [anyCase ? name.toLowerCase() : name, member as unknown]),
  );
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalid('invalid archive: a text is expected');
}

function texts(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) throw invalid('invalid archive: a list of texts is expected');
  return value.map(text);
}

function digest(value: string): Digest {
  try {
    return asDigest(value);
  } catch (cause) {
    throw new StowageError('INVALID_ARCHIVE', `invalid archive: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARCHIVE', message);
}

function invalidTag(name: string, cause?: unknown): StowageError {
  const message = `invalid tag ${JSON.stringify(name)}`;
  return new StowageError('INVALID_ARCHIVE', message, cause === undefined ? {} : { cause });
}
