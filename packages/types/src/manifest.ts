import * as z from 'zod/mini';
import type { Bytes } from './bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { checkMembers, detectManifestMediaType } from './detect-media-type.ts';
import { descriptorSchema, parseJsonObject, stringMapSchema, validate } from './document.ts';
import { StowageError } from './errors.ts';
import { essenceOf, MEDIA_TYPES } from './media-types.ts';

/** What manifests and indexes have in common. */
interface ManifestBase {
  /** The bytes as received. The digest is theirs; they are never written anew. */
  readonly raw: Bytes;
  /** The media type, whether the document names it or its `Content-Type` did. */
  readonly mediaType: string;
  readonly schemaVersion: 2;
  readonly artifactType?: string;
  /** What this document is about: it is then a referrer of that manifest. */
  readonly subject?: Descriptor;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** One image: an OCI manifest or a docker schema 2 manifest. */
export interface ImageManifest extends ManifestBase {
  readonly kind: 'manifest';
  readonly config: Descriptor;
  /** Base layer first. */
  readonly layers: readonly Descriptor[];
}

/** Several images, one for each platform: an OCI index or a docker manifest list. */
export interface ImageIndex extends ManifestBase {
  readonly kind: 'index';
  readonly manifests: readonly Descriptor[];
}

/** A parsed manifest, told apart by `kind`. */
export type Manifest = ImageManifest | ImageIndex;

const common = {
  schemaVersion: z.literal(2),
  mediaType: z.exactOptional(z.string()),
  artifactType: z.exactOptional(z.string()),
  subject: z.exactOptional(descriptorSchema),
  annotations: z.exactOptional(stringMapSchema),
};
const manifestSchema = z.looseObject({
  ...common,
  config: descriptorSchema,
  layers: z._default(z.array(descriptorSchema), []),
});
const indexSchema = z.looseObject({ ...common, manifests: z._default(z.array(descriptorSchema), []) });

/** How a decoder names a document in its messages, and whether the document must name its own type. */
const DECODERS: Readonly<Record<string, { kind: Manifest['kind']; noun: string; strict: boolean }>> = {
  [MEDIA_TYPES.dockerManifest]: { kind: 'manifest', noun: 'manifest', strict: true },
  [MEDIA_TYPES.ociManifest]: { kind: 'manifest', noun: 'manifest', strict: false },
  [MEDIA_TYPES.dockerManifestList]: { kind: 'index', noun: 'manifest list', strict: true },
  [MEDIA_TYPES.ociIndex]: { kind: 'index', noun: 'image index', strict: false },
};

/**
 * Parses and validates a manifest or an index. Unknown members survive; `raw` keeps the bytes.
 *
 * @param bytes the document as received
 * @param mediaType its `Content-Type`; found from the bytes when left out
 * @throws `INVALID_MANIFEST` for malformed documents and for those whose shape or own type contradicts `mediaType`;
 *   `UNSUPPORTED` for other media types
 *
 * @example
 * ```ts
 * import { parseManifest } from '@stowage/types';
 *
 * const manifest = parseManifest(new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}'));
 * console.log(manifest.kind); // index
 * ```
 */
export function parseManifest(bytes: Bytes, mediaType?: string): Manifest {
  const type = mediaType === undefined ? detectManifestMediaType(bytes) : essenceOf(mediaType);
  const decoder = DECODERS[type];
  if (decoder === undefined) throw new StowageError('UNSUPPORTED', `unsupported media type ${type}`);
  const document = parseJsonObject(bytes, decoder.noun);
  checkOwnType(document, type, decoder);
  if (decoder.kind === 'manifest') {
    if ('manifests' in document) throw invalid('ocimanifest: expected manifest but found index');
    checkMembers(document, type);
    const parsed = validate(manifestSchema, document, decoder.noun);
    return { ...parsed, kind: 'manifest', mediaType: type, raw: bytes };
  }
  if ('config' in document || 'layers' in document) {
    throw invalid('index: expected index but found manifest');
  }
  checkMembers(document, type);
  return { ...validate(indexSchema, document, decoder.noun), kind: 'index', mediaType: type, raw: bytes };
}

/**
 * Parses an index or manifest list.
 *
 * @param bytes the document as received
 * @throws `INVALID_MANIFEST` when it is something else or malformed
 *
 * @example
 * ```ts
 * import { parseIndex } from '@stowage/types';
 *
 * console.log(parseIndex(new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}')).manifests.length); // 0
 * ```
 */
export function parseIndex(bytes: Bytes): ImageIndex {
  const manifest = parseManifest(bytes);
  if (manifest.kind !== 'index') throw invalid('index: expected index but found manifest');
  return manifest;
}

function checkOwnType(
  document: Record<string, unknown>,
  type: string,
  { noun, strict }: { noun: string; strict: boolean },
): void {
  const named = document['mediaType'];
  const own = typeof named === 'string' ? named : '';
  if (own === type || (own === '' && !strict)) return;
  const prefix = strict ? '' : 'if present, ';
  throw invalid(`${prefix}mediaType in ${noun} should be '${type}' not '${own}'`);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
