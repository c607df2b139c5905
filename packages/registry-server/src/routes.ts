import { asDigest, withName, withTag } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { RegistryFault } from './registry-fault.ts';

/** What a path of the API names (distribution-spec, "Endpoints"). Names and digests have passed their gates. */
export type Route =
  | { readonly kind: 'base' }
  | { readonly kind: 'catalog' }
  | { readonly kind: 'tags'; readonly repository: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly reference: ManifestReference }
  | { readonly kind: 'blob'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'referrers'; readonly repository: string; readonly digest: Digest }
  | { readonly kind: 'uploads'; readonly repository: string }
  | { readonly kind: 'upload'; readonly repository: string; readonly id: string };

/** How a manifest is asked for; `malformed` is no tag and no digest, so that nothing can be stored under it. */
export type ManifestReference =
  | { readonly kind: 'digest'; readonly digest: Digest }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'malformed' };

const UPLOAD_ID = /^[A-Za-z0-9-]{1,128}$/;

/**
 * Finds out what a path names. The end of a path decides, since repositories may be called anything, `blobs` too.
 *
 * @throws a fault: 404 for a path of no endpoint, 400 for a malformed name or digest
 */
export function parseRoute(pathname: string): Route {
  const segments = pathname.split('/').map(decodeSegment);
  if (segments[0] !== '' || segments[1] !== 'v2') throw noEndpoint();
  const rest = segments.slice(2);
  if (rest.length === 0 || (rest.length === 1 && rest[0] === '')) return { kind: 'base' };
  if (rest.length === 1 && rest[0] === '_catalog') return { kind: 'catalog' };
  if (endsWith(rest, 'blobs', 'uploads')) return { kind: 'uploads', repository: name(rest, 2) };
  const last = rest.at(-1) ?? '';
  if (endsWith(rest.slice(0, -1), 'blobs', 'uploads')) {
    const repository = name(rest, 3);
    if (last === '') return { kind: 'uploads', repository };
    return { kind: 'upload', repository, id: checkUploadId(last) };
  }
  switch (rest.at(-2)) {
    case 'tags':
      if (last !== 'list') throw noEndpoint();
      return { kind: 'tags', repository: name(rest, 2) };
    case 'manifests':
      return { kind: 'manifest', repository: name(rest, 2), reference: parseManifestReference(last) };
    case 'blobs':
      return { kind: 'blob', repository: name(rest, 2), digest: checkDigest(last) };
    case 'referrers':
      return { kind: 'referrers', repository: name(rest, 2), digest: checkDigest(last) };
    default:
      throw noEndpoint();
  }
}

/**
 * The gate for repository names (distribution-spec, "Pulling manifests": the grammar of `<name>`).
 *
 * @throws a fault: 400 `NAME_INVALID`
 */
export function checkRepositoryName(value: string): string {
  try {
    // Behind a domain of our own the whole value is the path, and no part of it is taken for a registry.
    if (withName(`localhost/${value}`).path === value) return value;
  } catch {
    // Refused below.
  }
  throw new RegistryFault(400, 'NAME_INVALID', 'invalid repository name', { details: [{ name: value }] });
}

/**
 * The gate for digests.
 *
 * @throws a fault: 400 `DIGEST_INVALID`
 */
export function checkDigest(value: string): Digest {
  try {
    return asDigest(value);
  } catch (error) {
    throw new RegistryFault(400, 'DIGEST_INVALID', (error as Error).message, {
      details: [{ digest: value }],
    });
  }
}

/** Whether a string is a tag (distribution-spec, "Pulling manifests": the grammar of `<reference>`). */
export function isTag(value: string): boolean {
  try {
    withTag({ path: 'repository' }, value);
    return true;
  } catch {
    return false;
  }
}

function parseManifestReference(value: string): ManifestReference {
  if (value.includes(':')) return { kind: 'digest', digest: checkDigest(value) };
  return isTag(value) ? { kind: 'tag', tag: value } : { kind: 'malformed' };
}

/** An upload that cannot exist is answered as one that does not. */
function checkUploadId(value: string): string {
  if (UPLOAD_ID.test(value)) return value;
  throw new RegistryFault(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
}

function name(segments: readonly string[], dropped: number): string {
  return checkRepositoryName(segments.slice(0, -dropped).join('/'));
}

function endsWith(segments: readonly string[], first: string, second: string): boolean {
  return segments.length > 2 && segments.at(-2) === first && segments.at(-1) === second;
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw noEndpoint();
  }
}

function noEndpoint(): RegistryFault {
  return new RegistryFault(404, 'UNSUPPORTED', 'no such endpoint');
}
