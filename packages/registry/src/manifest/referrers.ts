import {
  asDigest,
  isStowageError,
  MEDIA_TYPES,
  essenceOf,
  parseDigest,
  parseIndex,
  parseManifest,
  StowageError,
} from '@stowage/types';
import type {
  AbortOptions,
  Bytes,
  Descriptor,
  Digest,
  ManifestReader,
  ReferrersOptions,
} from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { MAX_MANIFEST_SIZE } from './manifest-content.ts';
import { listPages } from '../listing/page-lister.ts';
import type { Requester } from '../session/requester.ts';
import type { WireResponse } from '../platform/wire-fetch.ts';

const MAX_PAGES = 1_000;
const MAX_ENTRIES = 10_000;
const MAX_BYTES = 64 * 1024 * 1024;

/** What a registry answers that has no list of referrers. */
const NO_API: readonly number[] = [400, 404, 405, 406, 501];

/** What is listed somewhere, and whether only what was asked for is. */
export interface ListedReferrer {
  readonly descriptor: Descriptor;
  readonly filtered: boolean;
}

/**
 * Lists what refers to a manifest: what `listed` gives, then what the index under the fallback tag has beside it
 * (distribution-spec, "Listing Referrers" and "Referrers Tag Schema"). Entries that do not tell their type are looked
 * at: registries are known that list the type of the empty configuration there.
 *
 * @throws `INVALID_DIGEST` before anything is sent, `LIMIT_EXCEEDED` after as many entries as the options say
 */
export async function* listReferrers(
  manifests: ManifestReader,
  digest: Digest,
  listed: AsyncIterable<ListedReferrer>,
  { artifactType, maxEntries = MAX_ENTRIES, signal }: ReferrersOptions,
): AsyncGenerator<Descriptor> {
  asDigest(digest);
  const seen = new Set<string>();
  for await (const { descriptor, filtered } of inOrder(listed, fallback(manifests, digest, { signal }))) {
    if (seen.has(descriptor.digest)) continue;
    if (seen.size >= maxEntries) {
      throw new StowageError('LIMIT_EXCEEDED', `list of referrers has more than ${maxEntries} entries`);
    }
    seen.add(descriptor.digest);
    const known = await withArtifactType(manifests, descriptor, artifactType !== undefined, { signal });
    if (artifactType === undefined || filtered || known.artifactType === artifactType) yield known;
  }
}

/**
 * What a registry lists by its API. Nothing where it has none: an old registry, or something in front of it, answers
 * 404, or a page for people.
 *
 * @param url where the list is
 */
export async function* registryReferrers(
  requester: Requester,
  url: string,
  { artifactType, maxEntries = MAX_ENTRIES, signal }: ReferrersOptions,
): AsyncGenerator<ListedReferrer> {
  const first = new URL(url);
  if (artifactType !== undefined) first.searchParams.set('artifactType', artifactType);
  const listing = {
    url: first.href,
    accept: MEDIA_TYPES.ociIndex,
    what: 'list of referrers',
    maxPageBytes: MAX_MANIFEST_SIZE,
    maxBytes: MAX_BYTES,
    maxPages: MAX_PAGES,
    maxEntries,
    parse: (_answer: Answer, bytes: Bytes) => parseIndex(bytes).manifests,
    keyOf: ({ digest }: Descriptor) => digest,
    isAbsent: ({ response }: Answer) =>
      NO_API.includes(response.status) || (response.ok && !isIndex(response)),
  };
  for await (const { entry, answer } of listPages(requester, listing, { signal })) {
    const applied = answer.response.headers.get('oci-filters-applied') ?? '';
    yield { descriptor: entry, filtered: applied.split(',').some((name) => name.trim() === 'artifactType') };
  }
}

/** The tag under which referrers are kept where a registry has no list of them. */
export function fallbackTag(digest: Digest): string {
  const { algorithm, encoded } = parseDigest(digest);
  return `${algorithm.slice(0, 32)}-${encoded.slice(0, 64)}`.replace(/[^A-Za-z0-9_.-]/g, '-');
}

/** What the index under the fallback tag has; nothing where there is none, or where the tag is of something else. */
async function* fallback(
  manifests: ManifestReader,
  digest: Digest,
  options: AbortOptions,
): AsyncGenerator<ListedReferrer> {
  const found = await unlessMissing(manifests.get(fallbackTag(digest), options));
  if (found?.descriptor.mediaType !== MEDIA_TYPES.ociIndex) return;
  for (const descriptor of parseIndex(found.bytes).manifests) yield { descriptor, filtered: false };
}

async function withArtifactType(
  manifests: ManifestReader,
  descriptor: Descriptor,
  needed: boolean,
  options: AbortOptions,
): Promise<Descriptor> {
  const { artifactType, mediaType, digest } = descriptor;
  const doubtful = artifactType === MEDIA_TYPES.ociEmpty || (artifactType === undefined && needed);
  if (!doubtful || (mediaType !== MEDIA_TYPES.ociManifest && mediaType !== MEDIA_TYPES.ociIndex))
    return descriptor;
  const found = await unlessMissing(manifests.get(digest, options));
  return found === undefined ? descriptor : describeReferrer(descriptor, found.bytes);
}

/** A descriptor with the type and annotations that the manifest itself tells (distribution-spec, "Listing Referrers"). */
export function describeReferrer(descriptor: Descriptor, bytes: Bytes): Descriptor {
  const manifest = parseManifest(bytes, descriptor.mediaType);
  const artifactType =
    manifest.artifactType ?? (manifest.kind === 'manifest' ? manifest.config.mediaType : undefined);
  const annotations = descriptor.annotations ?? manifest.annotations;
  return {
    ...descriptor,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(annotations === undefined ? {} : { annotations }),
  };
}

async function* inOrder<T>(...lists: readonly AsyncIterable<T>[]): AsyncGenerator<T> {
  for (const list of lists) yield* list;
}

/** What a promise gives; `undefined` where it fails with `NOT_FOUND`. */
export async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  return await promise.catch((error: unknown) => {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  });
}

function isIndex(response: WireResponse): boolean {
  const type = essenceOf(response.headers.get('content-type') ?? '');
  return type === MEDIA_TYPES.ociIndex || type === 'application/json' || type === '';
}
