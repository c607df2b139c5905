import { StowageError } from '@stowage/types';
import type { Bytes } from '@stowage/types';

// The two files that make a directory an OCI image layout (image-spec, "Image Layout").

const VERSION = '1.0.0';
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The files of a layout without images, by name. `oci-layout` comes first: it says whose directory this is. */
export function initialLayout(): readonly (readonly [string, Bytes])[] {
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [],
  };
  return [
    ['oci-layout', encoder.encode(JSON.stringify({ imageLayoutVersion: VERSION }))],
    ['index.json', encoder.encode(JSON.stringify(index))],
  ];
}

/**
 * Checks an `oci-layout` file.
 *
 * @throws `UNSUPPORTED` for another version than 1.0.0, `INVALID_ARGUMENT` when it is no such file
 */
export function checkLayoutFile(bytes: Bytes, path: string): void {
  const version = versionOf(bytes);
  if (version === VERSION) return;
  if (typeof version === 'string') {
    throw new StowageError(
      'UNSUPPORTED',
      `${path}: unsupported OCI layout version ${JSON.stringify(version)}`,
    );
  }
  throw new StowageError('INVALID_ARGUMENT', `${path} is no OCI layout file`);
}

function versionOf(bytes: Bytes): unknown {
  try {
    const value = JSON.parse(decoder.decode(bytes)) as { imageLayoutVersion?: unknown } | null;
    return value?.imageLayoutVersion;
  } catch {
    return undefined;
  }
}
