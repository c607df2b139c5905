import { MEDIA_TYPES, StowageError } from '@stowage/types';
import type { Descriptor, ImageManifest } from '@stowage/types';

/** Types that say nothing of what is in a blob. */
const GENERIC_TYPES: readonly string[] = ['application/octet-stream', 'application/json', 'text/html', ''];
const IMAGE_FAMILIES: readonly string[] = ['application/vnd.oci.image', 'application/vnd.docker'];
const PLUGIN_CONFIG = 'application/vnd.docker.plugin.v1+json';

/**
 * Refuses a docker schema 2 manifest of which the configuration is not an image's.
 *
 * @throws `UNSUPPORTED`, in moby's words
 */
export function checkConfigClass(
  { mediaType, config }: ImageManifest,
  schema2Types: readonly string[],
): void {
  if (mediaType !== MEDIA_TYPES.dockerManifest || schema2Types.includes(config.mediaType)) return;
  const kind = config.mediaType === PLUGIN_CONFIG ? 'plugin' : 'unknown';
  throw new StowageError(
    'UNSUPPORTED',
    `Encountered remote ${JSON.stringify(config.mediaType)}(${kind}) when fetching`,
  );
}

/**
 * Whether an OCI manifest is of something else than an image: a chart, a signature, an SBOM. Docker refuses these.
 */
export function isArtifact(manifest: ImageManifest): boolean {
  return manifest.mediaType === MEDIA_TYPES.ociManifest && foreignPart(manifest) !== undefined;
}

/**
 * Refuses a manifest of which a part is of no type that images have.
 *
 * @throws `UNSUPPORTED`, in moby's words
 */
export function checkImageTypes(manifest: ImageManifest): void {
  const part = foreignPart(manifest);
  if (part === undefined) return;
  const message = `unsupported media type ${part.mediaType}`;
  throw new StowageError('UNSUPPORTED', message, { reason: UNSUPPORTED_MEDIA_TYPE });
}

/** The reason of an error that no other endpoint can mend: the manifest itself is at fault. */
export const UNSUPPORTED_MEDIA_TYPE = 'media-type';

/** The first part of a manifest that no image has. */
function foreignPart({ config, layers }: ImageManifest): Descriptor | undefined {
  return [config, ...layers].find(({ mediaType }) => {
    const lower = mediaType.toLowerCase();
    return (
      !GENERIC_TYPES.includes(lower) &&
      !IMAGE_FAMILIES.some((family) => lower === family || lower.startsWith(`${family}.`))
    );
  });
}
