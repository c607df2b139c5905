import type { Bytes } from '../bytes.ts';
import { parseJsonObject } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { foldName } from '../go-json/go-json-struct.ts';

/** The content of a file `oci-layout` (image-spec, "Image Layout"). */
export interface OciLayout {
  readonly imageLayoutVersion: '1.0.0';
}

const VERSION = '1.0.0';
const MAX_BYTES = 64 * 1024;

/**
 * Parses the file `oci-layout`, which makes a directory an OCI image layout.
 *
 * @param bytes its content
 * @throws `INVALID_MANIFEST` where it is malformed; `UNSUPPORTED` for versions other than 1.0.0; `LIMIT_EXCEEDED` where
 *   it is longer than 64 KiB
 *
 * @example
 * ```ts
 * import { encodeOciLayout, parseOciLayout } from '@stowage/types';
 *
 * console.log(parseOciLayout(encodeOciLayout()).imageLayoutVersion); // 1.0.0
 * ```
 */
export function parseOciLayout(bytes: Bytes): OciLayout {
  const document = parseJsonObject(bytes, 'oci-layout', { maxBytes: MAX_BYTES });
  const found = Object.entries(document).findLast(([name]) => foldName(name) === 'imagelayoutversion');
  const version = found?.[1];
  if (typeof version !== 'string') throw new StowageError('INVALID_MANIFEST', 'oci-layout names no version');
  if (version === VERSION) return { imageLayoutVersion: VERSION };
  throw new StowageError(
    'UNSUPPORTED',
    `unsupported image layout version ${JSON.stringify(version.slice(0, 80))}`,
  );
}

/**
 * The content of a file `oci-layout`.
 *
 * @example
 * ```ts
 * import { encodeOciLayout } from '@stowage/types';
 *
 * console.log(new TextDecoder().decode(encodeOciLayout())); // {"imageLayoutVersion":"1.0.0"}
 * ```
 */
export function encodeOciLayout(): Bytes {
  return encodeGoJson({ imageLayoutVersion: VERSION } satisfies OciLayout);
}
