import { digestBytes } from '@stowage/core';
import {
  asDigest,
  detectManifestMediaType,
  essenceOf,
  isDigest,
  isStowageError,
  MEDIA_TYPES,
  parseDigest,
  parseManifest,
  StowageError,
  withName,
  withTag,
} from '@stowage/types';
import type { Bytes, Descriptor, Digest, FetchedManifest, ManifestReader } from '@stowage/types';
import { announcedLength, discard, readBody } from './body.ts';
import type { Session } from './session.ts';
import type { Answer } from './answer.ts';

/** The largest manifest that is accepted, bytes (distribution-spec, "Pushing Manifests"). */
const MAX_MANIFEST_SIZE = 4 * 1024 * 1024;

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

/** The types whose documents are checked against what they claim to be. */
const CHECKED: readonly string[] = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
];

/** Content types that say nothing about a manifest. */
const GENERIC: readonly string[] = ['', 'application/json', 'text/plain', MEDIA_TYPES.octetStream];

/** Makes the manifest reader of a repository. */
export function createManifestReader(session: Session): ManifestReader {
  const reader: ManifestReader = {
    async head(reference, { signal } = {}) {
      const digest = checkReference(reference);
      const descriptor = await session.exchange(
        {
          method: 'HEAD',
          url: session.url(`manifests/${reference}`),
          headers: { accept: ACCEPT },
          // Any other failure is asked about by GET, whose answer has a body that tells why.
          retryStatus: (status) => status === 429,
          signal,
        },
        async (answer) => {
          if (answer.response.status === 429) throw await session.failure(answer, signal);
          await discard(answer, signal);
          return answer.response.ok ? descriptorOf(answer, digest) : undefined;
        },
      );
      return descriptor ?? (await reader.get(reference, { signal })).descriptor;
    },

    async get(reference, { signal } = {}): Promise<FetchedManifest> {
      const digest = checkReference(reference);
      const url = session.url(`manifests/${reference}`);
      const headers = { accept: ACCEPT };
      return await session.exchange({ method: 'GET', url, headers, signal }, async (answer) => {
        if (answer.response.status !== 200) throw await session.failure(answer, signal);
        const bytes = await readBody(answer, { maxBytes: MAX_MANIFEST_SIZE, signal });
        return await verified(bytes, digest, answer.response.headers.get('content-type') ?? '');
      });
    },
  };
  return reader;
}

/** Lets a reference through that is a digest, which is returned, or a tag. */
function checkReference(reference: string): Digest | undefined {
  if (reference.includes(':')) return asDigest(reference);
  withTag(withName('name'), reference);
  return undefined;
}

/** The descriptor that the headers give; `undefined` where they leave something out or contradict what was asked. */
function descriptorOf({ response }: Answer, wanted: Digest | undefined): Descriptor | undefined {
  const named = response.headers.get('docker-content-digest') ?? '';
  const mediaType = essenceOf(response.headers.get('content-type') ?? '');
  const size = announcedLength(response) ?? 0;
  if (!isDigest(named) || GENERIC.includes(mediaType) || size === 0 || size > MAX_MANIFEST_SIZE)
    return undefined;
  return wanted === undefined || wanted === named ? { mediaType, digest: named, size } : undefined;
}

async function verified(
  bytes: Bytes,
  wanted: Digest | undefined,
  contentType: string,
): Promise<FetchedManifest> {
  const algorithm = wanted === undefined ? 'sha256' : parseDigest(wanted).algorithm;
  const digest = await digestBytes(bytes, algorithm);
  if (wanted !== undefined && digest !== wanted) {
    throw new StowageError('DIGEST_MISMATCH', `manifest verification failed for digest ${wanted}`);
  }
  const mediaType = checkedMediaType(bytes, essenceOf(contentType));
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

/** The type of a manifest, once its `Content-Type`, its own claim and its shape agree (CVE-2021-41190). */
function checkedMediaType(bytes: Bytes, contentType: string): string {
  const mediaType = GENERIC.includes(contentType) ? detectManifestMediaType(bytes) : contentType;
  if (CHECKED.includes(mediaType)) return parseManifest(bytes, mediaType).mediaType;
  const own = ownMediaType(bytes);
  if (own !== undefined && CHECKED.includes(own)) {
    throw new StowageError('INVALID_MANIFEST', `manifest came as '${mediaType}' but is '${own}'`);
  }
  return mediaType;
}

function ownMediaType(bytes: Bytes): string | undefined {
  try {
    return detectManifestMediaType(bytes);
  } catch (error) {
    // Of a type that is not known nothing is demanded, not even JSON.
    if (isStowageError(error, 'INVALID_MANIFEST')) return undefined;
    throw error;
  }
}
