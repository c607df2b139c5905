import { encodeGoJson, MEDIA_TYPES, parseIndex, StowageError } from '@stowage/types';
import type { AbortOptions, Bytes, Descriptor, Digest } from '@stowage/types';
import type { Requester } from '../session/requester.ts';
import { discard } from '../transport/body.ts';
import { MAX_MANIFEST_SIZE } from './manifest-content.ts';
import { fetchManifest } from './manifest-reader.ts';
import type { AnsweredManifest } from './manifest-reader.ts';
import { fallbackTag, unlessMissing } from './referrers.ts';

/** How often the index is written anew when others write it at the same time. */
const MAX_TRIES = 10;

/** Where an index of referrers is. */
export interface ReferrerIndexDeps {
  readonly requester: Requester;
  readonly urlOf: (reference: string) => string;
}

/** The last change of each index that is under way in this process, by its URL. */
const changes = new Map<string, Promise<unknown>>();

/**
 * Enters a manifest in the index under the fallback tag of its subject (distribution-spec, "Pushing Manifests with
 * Subject"). The index is read again and written again until it lists the manifest: a registry that knows conditional
 * requests refuses to write over what others wrote meanwhile, one that does not is looked at afterwards.
 *
 * @returns `false` where the tag is of something else, which is left as it is
 * @throws `CONFLICT` where others are faster over and over, `LIMIT_EXCEEDED` for an index of more than 4 MiB
 */
export async function enterReferrer(
  deps: ReferrerIndexDeps,
  subject: Digest,
  referrer: Descriptor,
  options: AbortOptions,
): Promise<boolean> {
  const tag = fallbackTag(subject);
  const url = deps.urlOf(tag);
  return await inTurn(url, async () => {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const found = await unlessMissing(fetchManifest(deps.requester, url, tag, options));
      if (found !== undefined && found.manifest.descriptor.mediaType !== MEDIA_TYPES.ociIndex) return false;
      if (found !== undefined && lists(found, referrer)) return true;
      await writeIndex(deps.requester, url, withReferrer(found?.manifest.bytes, referrer), {
        ...options,
        condition: conditionOf(found),
      });
    }
    throw new StowageError('CONFLICT', `the index of referrers ${tag} is changed by others over and over`, {
      retryable: true,
    });
  });
}

/** Writes the index, unless somebody else did so since it was read. */
async function writeIndex(
  requester: Requester,
  url: string,
  body: Bytes,
  { condition, signal }: AbortOptions & { readonly condition: Readonly<Record<string, string>> },
): Promise<void> {
  const headers = { 'content-type': MEDIA_TYPES.ociIndex, ...condition };
  await requester.exchange({ method: 'PUT', url, headers, body, signal }, async (answer) => {
    const { ok, status } = answer.response;
    if (!ok && status !== 412 && status !== 409) throw await requester.failure(answer, signal);
    await discard(answer, signal);
  });
}

function conditionOf(found: AnsweredManifest | undefined): Readonly<Record<string, string>> {
  if (found === undefined) return { 'if-none-match': '*' };
  // A weak one never matches (RFC 9110, section 13.1.1).
  const { entityTag } = found;
  return entityTag?.startsWith('"') === true ? { 'if-match': entityTag } : {};
}

/** Whether an index has the very same entry. */
function lists({ manifest }: AnsweredManifest, referrer: Descriptor): boolean {
  const text = JSON.stringify(sorted(referrer));
  return parseIndex(manifest.bytes).manifests.some((entry) => JSON.stringify(sorted(entry)) === text);
}

/** An index with one more entry, which takes the place of one with its digest. Everything else stays. */
function withReferrer(bytes: Bytes | undefined, referrer: Descriptor): Bytes {
  const index = bytes === undefined ? {} : (JSON.parse(new TextDecoder().decode(bytes)) as object);
  const entries = bytes === undefined ? [] : parseIndex(bytes).manifests;
  const manifests = [...entries.filter(({ digest }) => digest !== referrer.digest), referrer];
  const written = encodeGoJson({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    ...index,
    manifests,
  });
  if (written.byteLength <= MAX_MANIFEST_SIZE) return written;
  throw new StowageError('LIMIT_EXCEEDED', 'the index of referrers would have more than 4 MiB');
}

/** A value with the members of every object in one order, so that two of them can be compared. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, sorted(item)]));
}

/** One change after the other: this process at least does not get in its own way. */
async function inTurn<T>(key: string, change: () => Promise<T>): Promise<T> {
  const before = changes.get(key);
  const mine = (before ?? Promise.resolve()).then(change, change);
  changes.set(key, mine);
  try {
    return await mine;
  } finally {
    if (changes.get(key) === mine) changes.delete(key);
  }
}
