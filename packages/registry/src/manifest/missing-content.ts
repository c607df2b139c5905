import { isDigest, isStowageError, parseManifest } from '@stowage/types';
import type {
  AbortOptions,
  BlobReader,
  Digest,
  Manifest,
  ManifestReader,
  RegistryError,
} from '@stowage/types';
import { explainedError } from '../transport/response-error.ts';

/** The codes by which registries say that a manifest refers to what they do not have. */
const UNKNOWN_CONTENT: readonly string[] = ['MANIFEST_BLOB_UNKNOWN', 'BLOB_UNKNOWN'];
/** How many digests are asked about; the message would help nobody with more. */
const MAX_CHECKED = 256;

/** Whether a manifest was refused because of what it refers to. */
export function isMissingContent({ errors }: RegistryError): boolean {
  return errors.some(({ code }) => UNKNOWN_CONTENT.includes(code));
}

/**
 * Looks again for what a registry says that it does not have: what it names or, where it names nothing, all that the
 * manifest refers to.
 *
 * @returns what is not there
 */
export async function findMissing(
  readers: { readonly blobs: BlobReader; readonly manifests: ManifestReader },
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  failure: RegistryError,
  options: AbortOptions,
): Promise<Digest[]> {
  const parsed = parseManifest(manifest.bytes, manifest.mediaType);
  const named = namedDigests(failure);
  const wanted = (named.length > 0 ? named : referencesOf(parsed)).slice(0, MAX_CHECKED);
  const missing: Digest[] = [];
  for (const digest of new Set(wanted)) {
    const asked =
      parsed.kind === 'index' ? readers.manifests.head(digest, options) : readers.blobs.stat(digest, options);
    if (!(await isThere(asked))) missing.push(digest);
  }
  return missing;
}

/** The error that lists what is missing. */
export function missingContent(failure: RegistryError, missing: readonly Digest[]): RegistryError {
  const listed = missing.length > 0 ? missing : namedDigests(failure);
  const which = listed.length > 0 ? listed.join(', ') : failure.message;
  return explainedError(failure, {
    code: 'NOT_FOUND',
    message: `manifest refers to content that the registry does not have: ${which}`,
    errors: listed.map((digest) => ({
      code: 'MANIFEST_BLOB_UNKNOWN',
      message: 'blob unknown to registry',
      detail: { digest },
    })),
  });
}

/** The digests in the details of a registry's error list; details have as many forms as there are registries. */
function namedDigests({ errors }: RegistryError): Digest[] {
  return errors.flatMap(({ code, detail }) => {
    if (!UNKNOWN_CONTENT.includes(code)) return [];
    const value =
      typeof detail === 'object' && detail !== null && 'digest' in detail ? detail.digest : detail;
    return typeof value === 'string' && isDigest(value) ? [value] : [];
  });
}

function referencesOf(manifest: Manifest): readonly Digest[] {
  const descriptors = manifest.kind === 'index' ? manifest.manifests : [manifest.config, ...manifest.layers];
  return descriptors.map(({ digest }) => digest);
}

async function isThere(asked: Promise<unknown>): Promise<boolean> {
  try {
    await asked;
    return true;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}
