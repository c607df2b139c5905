import { isStowageError, parseManifest, StowageError } from '@stowage/types';
import type {
  AbortOptions,
  BlobReader,
  Bytes,
  Descriptor,
  Digest,
  ManifestReader,
  ManifestWriter,
  RegistryError,
} from '@stowage/types';
import { isUnsupported, requestDeletion } from '../session/delete-request.ts';
import type { ReaderDeps } from '../session/requester.ts';
import type { Answer } from '../transport/answer.ts';
import { discard } from '../transport/body.ts';
import { notify } from '../transport/notice.ts';
import type { OnNotice } from '../transport/notice.ts';
import { explainedError } from '../transport/response-error.ts';
import { TryAgain, withRetries } from '../transport/retry.ts';
import { checkNamedDigest, MAX_MANIFEST_SIZE, verifyManifest } from './manifest-content.ts';
import { checkReference } from './manifest-reader.ts';
import { findMissing, isMissingContent, missingContent } from './missing-content.ts';
import { enterReferrer } from './referrer-index.ts';
import { describeReferrer, fallbackTag, registryReferrers } from './referrers.ts';

/** What manifests are written with. */
export interface ManifestWriterDeps extends ReaderDeps {
  readonly manifests: ManifestReader;
  readonly blobs: BlobReader;
  /** Where a manifest is, by its tag or digest. */
  readonly urlOf: (reference: string) => string;
  /** Where the referrers of a manifest are listed. */
  readonly referrersUrlOf: (digest: Digest) => string;
  /** What a token must be good for that deletes. */
  readonly deleteScope: string;
  readonly onNotice?: OnNotice | undefined;
}

/** A manifest on its way. */
interface Document {
  readonly bytes: Bytes;
  readonly descriptor: Descriptor;
}

/** What the registry says of a manifest that it took. */
interface Taken {
  /** The tags that it set beside the one in the path. */
  readonly tags: readonly string[];
  /** Whether it lists the manifest as a referrer; `undefined` where a page may not see that. */
  readonly listed: boolean | undefined;
}

/** Answers to several tags at once of registries that do not know them: one after the other will do. */
const NOT_AT_ONCE: readonly number[] = [400, 404, 405, 414, 501];

/** Makes the manifest writer of a repository. */
export function createManifestWriter(deps: ManifestWriterDeps): ManifestWriter {
  return {
    async put(reference, bytes, mediaType, { tags = [], signal } = {}) {
      const digest = checkReference(reference);
      for (const tag of tags) checkTag(tag);
      signal?.throwIfAborted();
      if (bytes.byteLength > MAX_MANIFEST_SIZE) {
        throw new StowageError('LIMIT_EXCEEDED', 'a manifest must have no more than 4 MiB');
      }
      const { descriptor } = await verifyManifest(bytes, digest, mediaType);
      const document = { bytes, descriptor };
      const names = [...new Set([...(digest === undefined ? [reference] : []), ...tags])];
      const listed = await putEverywhere(deps, document, names, { signal });
      const { subject } = subjectOf(document);
      if (subject !== undefined && !(listed ?? (await isListed(deps, subject, descriptor, { signal })))) {
        await enter(deps, subject, document, { signal });
      }
      return descriptor;
    },

    async delete(reference, options = {}) {
      const digest = checkReference(reference);
      const target = { url: deps.urlOf(reference), scope: deps.deleteScope };
      const failure = await requestDeletion(deps, target, options);
      if (failure === undefined) return;
      throw digest === undefined
        ? await tagFailure(deps, reference, failure, options)
        : manifestFailure(failure);
    },
  };
}

/**
 * Puts a manifest under one name, or under several at once (distribution-spec, "Pushing Manifests", end-7b) where the
 * registry knows how.
 *
 * @returns whether the registry lists it as a referrer
 */
async function putEverywhere(
  deps: ManifestWriterDeps,
  document: Document,
  tags: readonly string[],
  options: AbortOptions,
): Promise<boolean | undefined> {
  const { digest } = document.descriptor;
  const [first = digest] = tags;
  if (tags.length <= 1) return (await putOnce(deps, document, deps.urlOf(first), options)).listed;
  let taken: Taken = { tags: [], listed: false };
  try {
    const query = tags.map((tag) => `tag=${encodeURIComponent(tag)}`).join('&');
    taken = await putOnce(deps, document, `${deps.urlOf(digest)}?${query}`, options);
  } catch (error) {
    if (!isRefusedAtOnce(error)) throw error;
  }
  let { listed } = taken;
  for (const tag of tags) {
    if (taken.tags.includes(tag)) continue;
    ({ listed } = await putOnce(deps, document, deps.urlOf(tag), options));
  }
  return listed;
}

function isRefusedAtOnce(error: unknown): boolean {
  const status = isStowageError(error) && 'status' in error ? error.status : undefined;
  return typeof status === 'number' && NOT_AT_ONCE.includes(status);
}

/** Puts a manifest, and again where the registry has not yet noticed the blobs that it has. */
async function putOnce(
  deps: ManifestWriterDeps,
  document: Document,
  url: string,
  { signal }: AbortOptions,
): Promise<Taken> {
  const { requester } = deps;
  const { bytes, descriptor } = document;
  const request = {
    method: 'PUT',
    url,
    headers: { 'content-type': descriptor.mediaType },
    body: bytes,
    signal,
  } as const;
  return await withRetries(
    deps,
    async (mayWait) => {
      const outcome = await requester.exchange(request, async (answer) =>
        answer.response.ok ? await taken(answer, document, signal) : await requester.failure(answer, signal),
      );
      if (!(outcome instanceof Error)) return outcome;
      if (!isMissingContent(outcome)) throw putFailure(outcome, document);
      const { mediaType } = descriptor;
      const missing = await findMissing(deps, { bytes, mediaType }, outcome, { signal });
      if (missing.length > 0 || !mayWait()) throw missingContent(outcome, missing);
      return new TryAgain(undefined);
    },
    { signal },
  );
}

async function taken(
  answer: Answer,
  { bytes, descriptor }: Document,
  signal: AbortSignal | undefined,
): Promise<Taken> {
  const { headers, type } = answer.response;
  await discard(answer, signal);
  await checkNamedDigest({ bytes, descriptor }, headers.get('docker-content-digest'));
  const subject = headers.get('oci-subject');
  return {
    tags: (headers.get('oci-tag') ?? '').split(',').map((tag) => tag.trim()),
    listed: subject !== null ? true : type === 'cors' ? undefined : false,
  };
}

/** Says what a refusal means. */
function putFailure(failure: RegistryError, { bytes, descriptor }: Document): RegistryError {
  const { mediaType } = descriptor;
  if (failure.status === 413) {
    const message = `manifest of ${String(bytes.byteLength)} bytes is too large for the registry: ${failure.message}`;
    return explainedError(failure, { code: 'LIMIT_EXCEEDED', message });
  }
  if (failure.status !== 405 && failure.code !== 'UNSUPPORTED') return failure;
  const { subject, artifactType } = subjectOf({ bytes, descriptor });
  const extras = [
    artifactType === undefined ? [] : `with artifact type ${artifactType}`,
    subject === undefined ? [] : 'with a subject',
  ].flat();
  const what = [`manifests of type ${mediaType}`, ...extras].join(' ');
  const message = `registry does not take ${what}: ${failure.message}`;
  return explainedError(failure, { code: 'UNSUPPORTED', message });
}

/** What a manifest is about, and what type of artifact it is: of documents that are no manifests that we know, nothing. */
function subjectOf({ bytes, descriptor }: Document): {
  readonly subject?: Digest | undefined;
  readonly artifactType?: string | undefined;
} {
  try {
    const { subject, artifactType } = parseManifest(bytes, descriptor.mediaType);
    return { subject: subject?.digest, artifactType };
  } catch (error) {
    if (isStowageError(error)) return {};
    throw error;
  }
}

/** A page may be kept from seeing whether the registry lists the manifest: the list itself tells. */
async function isListed(
  { requester, referrersUrlOf }: ManifestWriterDeps,
  subject: Digest,
  { digest }: Descriptor,
  options: AbortOptions,
): Promise<boolean> {
  for await (const { descriptor } of registryReferrers(requester, referrersUrlOf(subject), options)) {
    if (descriptor.digest === digest) return true;
  }
  return false;
}

async function enter(
  deps: ManifestWriterDeps,
  subject: Digest,
  { bytes, descriptor }: Document,
  options: AbortOptions,
): Promise<void> {
  if (await enterReferrer(deps, subject, describeReferrer(descriptor, bytes), options)) return;
  const { host } = new URL(deps.urlOf(subject));
  const message = `${descriptor.digest} is not listed as a referrer: ${fallbackTag(subject)} is no index`;
  notify(deps.onNotice, { kind: 'referrer-not-listed', host, message });
}

function manifestFailure(failure: RegistryError): RegistryError {
  if (!isUnsupported(failure)) return failure;
  const message = `registry does not delete manifests: ${failure.message}`;
  return explainedError(failure, { code: 'UNSUPPORTED', message });
}

/** Why a tag was not deleted: many registries delete manifests only, and answer a tag in all sorts of ways. */
async function tagFailure(
  deps: ManifestWriterDeps,
  tag: string,
  failure: RegistryError,
  options: AbortOptions,
): Promise<RegistryError> {
  const { status } = failure;
  if (status !== 400 && status !== 404 && !isUnsupported(failure)) return failure;
  let target: Descriptor;
  try {
    target = await deps.manifests.head(tag, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const { message } = failure;
    return isStowageError(error, 'NOT_FOUND')
      ? explainedError(failure, { code: 'NOT_FOUND', message })
      : failure;
  }
  const message =
    `registry does not delete a tag alone, and to delete ${target.digest} ` +
    `would take all of its tags: ${failure.message}`;
  return explainedError(failure, { code: 'UNSUPPORTED', message });
}

function checkTag(tag: string): void {
  if (checkReference(tag) === undefined) return;
  throw new StowageError('INVALID_REFERENCE', `invalid tag: ${tag}`);
}
