import {
  encodeGoJson,
  encodeOciLayout,
  isStowageError,
  MEDIA_TYPES,
  parseOciLayout,
  StowageError,
} from '@stowage/types';
import type { Bytes } from '@stowage/types';

// The two files that make a directory an OCI image layout (image-spec, "Image Layout").

/** The files of a layout without images, by name. `oci-layout` comes first: it says whose directory this is. */
export function initialLayout(): readonly (readonly [string, Bytes])[] {
  const index = { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [] };
  return [
    ['oci-layout', encodeOciLayout()],
    ['index.json', encodeGoJson(index)],
  ];
}

/**
 * Checks an `oci-layout` file.
 *
 * @throws `UNSUPPORTED` for another version than 1.0.0, `INVALID_ARGUMENT` when it is no such file
 */
export function checkLayoutFile(bytes: Bytes, path: string): void {
  try {
    parseOciLayout(bytes);
  } catch (cause) {
    if (!isStowageError(cause, 'UNSUPPORTED')) {
      throw new StowageError('INVALID_ARGUMENT', `${path} is no OCI layout file`, { cause });
    }
    throw new StowageError('UNSUPPORTED', `${path}: ${cause.message}`, { cause });
  }
}
