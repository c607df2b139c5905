import { digestBytes } from '@stowage/core';
import {
  detectManifestMediaType,
  essenceOf,
  isDigest,
  isStowageError,
  MEDIA_TYPES,
  parseDigest,
  parseManifest,
  parseSignedManifest,
  StowageError,
} from '@stowage/types';
import type { Bytes, Digest, FetchedManifest } from '@stowage/types';

/** The largest manifest that is accepted, bytes (distribution-spec, "Pushing Manifests"). */
export const MAX_MANIFEST_SIZE: number = 4 * 1024 * 1024;

/** Content types that say nothing about a manifest. */
export const GENERIC_TYPES: readonly string[] = [
  '',
  'application/json',
  'text/plain',
  MEDIA_TYPES.octetStream,
];

/** The types whose documents are checked against what they claim to be. */
const CHECKED: readonly string[] = [
  MEDIA_TYPES.ociIndex,
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifestList,
  MEDIA_TYPES.dockerManifest,
];

/**
 * Makes a manifest of bytes that came from somewhere.
 *
 * @param wanted the digest that was asked for; `undefined` where a tag was
 * @param contentType what the bytes came as
 * @throws `DIGEST_MISMATCH`; `INVALID_MANIFEST` where type, own claim and shape contradict each other
 */
export async function verifyManifest(
  bytes: Bytes,
  wanted: Digest | undefined,
  contentType: string,
): Promise<FetchedManifest> {
  const algorithm = wanted === undefined ? 'sha256' : parseDigest(wanted).algorithm;
  const signed = signedPart(bytes, essenceOf(contentType));
  const digest = await digestBytes(signed, algorithm);
  if (wanted !== undefined && digest !== wanted) {
    // Docker's words differ by what it is.
    const what = isSigned(essenceOf(contentType)) ? 'image' : 'manifest';
    throw new StowageError('DIGEST_MISMATCH', `${what} verification failed for digest ${wanted}`);
  }
  const mediaType = checkedMediaType(bytes, essenceOf(contentType));
  return { descriptor: { mediaType, digest, size: bytes.byteLength }, bytes };
}

/**
 * Checks a digest that a registry names beside a manifest. A header that is missing or names none is no fault, it may
 * have been lost on the way.
 *
 * @throws `DIGEST_MISMATCH` where it names another manifest
 */
export async function checkNamedDigest(
  { bytes, descriptor }: FetchedManifest,
  named: string | null,
): Promise<void> {
  if (named === null || !isDigest(named) || named === descriptor.digest) return;
  const { algorithm } = parseDigest(named);
  // One of another algorithm may name the same bytes.
  const got = await digestBytes(signedPart(bytes, descriptor.mediaType), algorithm);
  if (got === named) return;
  throw new StowageError(
    'DIGEST_MISMATCH',
    `registry names the manifest ${named}, but sent ${descriptor.digest}`,
  );
}

/** What the digest of a manifest is of: all of it, but of schema 1 only what was signed. */
function signedPart(bytes: Bytes, mediaType: string): Bytes {
  if (!isSigned(mediaType)) return bytes;
  return parseSignedManifest(bytes, { allowUnsigned: true, maxBytes: MAX_MANIFEST_SIZE }).canonical;
}

function isSigned(mediaType: string): boolean {
  return mediaType === MEDIA_TYPES.dockerSchema1Signed;
}

/** The type of a manifest, once its `Content-Type`, its own claim and its shape agree (CVE-2021-41190). */
function checkedMediaType(bytes: Bytes, contentType: string): string {
  if (contentType === 'text/html') {
    throw new StowageError('INVALID_MANIFEST', 'registry sent a page for people in place of a manifest');
  }
  const mediaType = GENERIC_TYPES.includes(contentType) ? detectManifestMediaType(bytes) : contentType;
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
