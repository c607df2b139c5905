import type { Bytes } from '../bytes.ts';
import { parseJsonObject } from './document.ts';
import type { ParseOptions } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { foldName } from '../go-json/go-json-struct.ts';
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

/** The members that tell kinds apart, by the name that Go finds them under. */
const SHAPE_BY_NAME: ReadonlyMap<string, Shape> = new Map(SHAPES.map((shape) => [foldName(shape), shape]));

/**
 * Finds the media type of a manifest from its bytes alone, by moby 20.10.27's rules: the type that it names, unless
 * members of another kind of document contradict it (CVE-2021-41190); without a name, what its members suggest. As in
 * Go, names of members match in any case, and a member that is `null` is there.
 *
 * @param bytes the manifest, JSON
 * @param options limits
 * @returns a media type; whatever the document says where the type is not a known one
 * @throws `INVALID_MANIFEST` where it is no JSON object, or its members contradict the type or one another;
 *   `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { detectManifestMediaType } from '@stowage/types';
 *
 * const bytes = new TextEncoder().encode('{"config":{},"layers":[]}');
 * console.log(detectManifestMediaType(bytes)); // application/vnd.oci.image.manifest.v1+json
 * ```
 */
export function detectManifestMediaType(bytes: Bytes, options: ParseOptions = {}): string {
  return detectMediaType(parseJsonObject(bytes, 'manifest', options));
}

/** {@link detectManifestMediaType} of what is decoded already. */
export function detectMediaType(document: Record<string, unknown>): string {
  const present = new Set<Shape>();
  let mediaType = '';
  for (const [name, value] of Object.entries(document)) {
    const folded = foldName(name);
    const shape = SHAPE_BY_NAME.get(folded);
    if (shape !== undefined) present.add(shape);
    if (folded !== 'mediatype' || value === null) continue;
    if (typeof value !== 'string') throw invalid('media-type: not a string');
    mediaType = value;
  }
  if (mediaType !== '') {
    checkMembers(present, mediaType);
    return mediaType;
  }
  return guess(present);
}

/** Refuses a document that has members of another kind of document than its media type says. */
export function checkMembers(members: ReadonlySet<string>, mediaType: string): void {
  const rule = Object.hasOwn(FORBIDDEN, mediaType) ? FORBIDDEN[mediaType] : undefined;
  if (rule?.members.some((member) => members.has(member)) !== true) return;
  throw invalid(`media-type: "${mediaType}" should not have ${rule.words}`);
}

function guess(present: ReadonlySet<Shape>): string {
  const [first] = present;
  if (first === undefined) return MEDIA_TYPES.ociIndex;
  if (present.size === 1 && first === 'fsLayers') return MEDIA_TYPES.dockerSchema1;
  if (present.size === 1 && first === 'manifests') return MEDIA_TYPES.ociIndex;
  if (!present.has('manifests') && !present.has('fsLayers')) return MEDIA_TYPES.ociManifest;
  throw invalid('media-type: cannot determine');
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
