import type { Bytes } from './bytes.ts';
import { parseJsonObject } from './document.ts';
import { StowageError } from './errors.ts';
import { MEDIA_TYPES } from './media-types.ts';

const SHAPES = ['manifests', 'config', 'layers', 'fsLayers'] as const;
type Shape = (typeof SHAPES)[number];

/** The members that a document of a known type must not have, and how moby words it. */
const FORBIDDEN: Readonly<Record<string, { readonly members: readonly Shape[]; readonly words: string }>> = {
  [MEDIA_TYPES.dockerManifest]: { members: ['manifests', 'fsLayers'], words: '"manifests" or "fsLayers"' },
  [MEDIA_TYPES.ociManifest]: { members: ['manifests', 'fsLayers'], words: '"manifests" or "fsLayers"' },
  [MEDIA_TYPES.dockerManifestList]: {
    members: ['config', 'layers', 'fsLayers'],
    words: '"config", "layers", or "fsLayers"',
  },
  [MEDIA_TYPES.ociIndex]: {
    members: ['config', 'layers', 'fsLayers'],
    words: '"config", "layers", or "fsLayers"',
  },
  [MEDIA_TYPES.dockerSchema1]: { members: ['manifests', 'layers'], words: '"manifests" or "layers"' },
};

/**
 * Finds the media type of a manifest from its bytes alone, by moby 20.10.27's rules: the type that it names, unless
 * members of another kind of document contradict it (CVE-2021-41190); without a name, what its members suggest.
 *
 * @param bytes the manifest, JSON
 * @returns a media type; whatever the document says where the type is not a known one
 * @throws `INVALID_MANIFEST` where the members contradict the type or one another
 *
 * @example
 * ```ts
 * import { detectManifestMediaType } from '@stowage/types';
 *
 * const bytes = new TextEncoder().encode('{"config":{},"layers":[]}');
 * console.log(detectManifestMediaType(bytes)); // application/vnd.oci.image.manifest.v1+json
 * ```
 */
export function detectManifestMediaType(bytes: Bytes): string {
  const document = parseJsonObject(bytes, 'manifest');
  const has = (member: Shape): boolean => member in document;
  const mediaType = document['mediaType'];
  if (typeof mediaType === 'string' && mediaType !== '') {
    checkMembers(document, mediaType);
    return mediaType;
  }
  const present = SHAPES.filter(has);
  if (present.length === 1 && present[0] === 'fsLayers') return MEDIA_TYPES.dockerSchema1;
  if (present.length > 0 && present.every((member) => member === 'config' || member === 'layers')) {
    return MEDIA_TYPES.ociManifest;
  }
  if (present.every((member) => member === 'manifests')) return MEDIA_TYPES.ociIndex;
  throw new StowageError('INVALID_MANIFEST', 'media-type: cannot determine');
}

/** Refuses a document that has members of another kind of document than its media type says. */
export function checkMembers(document: Record<string, unknown>, mediaType: string): void {
  const rule = FORBIDDEN[mediaType];
  if (rule?.members.some((member) => member in document) !== true) return;
  throw new StowageError('INVALID_MANIFEST', `media-type: "${mediaType}" should not have ${rule.words}`);
}
