import { asDigest, essenceOf, isDigest, MEDIA_TYPES, withName, withTag } from '@stowage/types';
import type { AbortOptions, Descriptor, Digest, FetchedManifest, ManifestReader } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { announcedLength, discard, readBody } from '../transport/body.ts';
import { checkNamedDigest, GENERIC_TYPES, MAX_MANIFEST_SIZE, verifyManifest } from './manifest-content.ts';
import { absence, isAbsent } from '../transport/response-error.ts';
import type { Requester } from '../session/requester.ts';

/** Every type that a manifest can have: registries refuse or convert what is left out. */
const ACCEPT = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.dockerSchema1Signed,
  MEDIA_TYPES.dockerSchema1,
  'application/json',
].join(', ');

/**
 * Makes the manifest reader of a repository.
 *
 * @param urlOf where a manifest is, by its tag or digest
 */
export function createManifestReader(
  requester: Requester,
  urlOf: (reference: string) => string,
): ManifestReader {
  const reader: ManifestReader = {
    async head(reference, { signal } = {}) {
      const digest = checkReference(reference);
      const descriptor = await requester.exchange(
        {
          method: 'HEAD',
          url: urlOf(reference),
          headers: { accept: ACCEPT },
          // Any other failure but 404 is asked about by GET, whose answer has a body that tells why.
          retryStatus: (status) => status === 429,
          signal,
        },
        async (answer) => {
          if (answer.response.status === 429) throw await requester.failure(answer, signal);
          if (isAbsent(answer)) throw await absence(answer, 'MANIFEST_UNKNOWN', signal);
          await discard(answer, signal);
          return answer.response.ok ? descriptorOf(answer, digest) : undefined;
        },
      );
      return descriptor ?? (await reader.get(reference, { signal })).descriptor;
    },

    async get(reference, options = {}): Promise<FetchedManifest> {
      return (await fetchManifest(requester, urlOf(reference), reference, options)).manifest;
    },
  };
  return reader;
}

/** A manifest as one answer gave it. */
export interface AnsweredManifest {
  readonly manifest: FetchedManifest;
  /** Names this state of the tag, where the registry does. */
  readonly entityTag: string | null;
}

/** Asks for a manifest and verifies it, see `ManifestReader.get`. */
export async function fetchManifest(
  requester: Requester,
  url: string,
  reference: string,
  { signal }: AbortOptions,
): Promise<AnsweredManifest> {
  const digest = checkReference(reference);
  const headers = { accept: ACCEPT };
  return await requester.exchange({ method: 'GET', url, headers, signal }, async (answer) => {
    if (answer.response.status !== 200) throw await requester.failure(answer, signal);
    const bytes = await readBody(answer, { maxBytes: MAX_MANIFEST_SIZE, signal });
    const { headers: sent } = answer.response;
    const manifest = await verifyManifest(bytes, digest, sent.get('content-type') ?? '');
    if (digest === undefined) await checkNamedDigest(manifest, sent.get('docker-content-digest'));
    return { manifest, entityTag: sent.get('etag') };
  });
}

/**
 * Lets a reference through that is a digest, which is returned, or a tag.
 *
 * @throws `INVALID_DIGEST`, `INVALID_REFERENCE`
 */
export function checkReference(reference: string): Digest | undefined {
  if (reference.includes(':')) return asDigest(reference);
  withTag(withName('name'), reference);
  return undefined;
}

/** The descriptor that the headers give; `undefined` where they leave something out or contradict what was asked. */
function descriptorOf({ response }: Answer, wanted: Digest | undefined): Descriptor | undefined {
  const named = response.headers.get('docker-content-digest') ?? '';
  const mediaType = essenceOf(response.headers.get('content-type') ?? '');
  const size = announcedLength(response) ?? 0;
  if (!isDigest(named) || GENERIC_TYPES.includes(mediaType) || size === 0 || size > MAX_MANIFEST_SIZE)
    return undefined;
  return wanted === undefined || wanted === named ? { mediaType, digest: named, size } : undefined;
}
