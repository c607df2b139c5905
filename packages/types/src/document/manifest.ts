import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { checkMembers, detectMediaType } from './detect-media-type.ts';
import { descriptorSchema, parseJsonObject, stringMapSchema, validate } from './document.ts';
import type { ParseOptions } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { readGoStruct } from '../go-json/go-json-struct.ts';
import { ANY_MANIFEST } from './manifest-struct.ts';
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
interface Decoder {
  readonly kind: Manifest['kind'];
  readonly noun: string;
  readonly strict: boolean;
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  [MEDIA_TYPES.dockerManifest]: { kind: 'manifest', noun: 'manifest', strict: true },
  [MEDIA_TYPES.ociManifest]: { kind: 'manifest', noun: 'manifest', strict: false },
  [MEDIA_TYPES.dockerManifestList]: { kind: 'index', noun: 'manifest list', strict: true },
  [MEDIA_TYPES.ociIndex]: { kind: 'index', noun: 'image index', strict: false },
};

/**
 * Parses and validates a manifest or an index, with Go's tolerance for the case of names. Unknown members survive;
 * `raw` keeps the bytes. Schema 1 is read by {@link parseSignedManifest}.
 *
 * @param bytes the document as received
 * @param mediaType its `Content-Type`; found from the bytes when left out
 * @param options limits
 * @throws `INVALID_MANIFEST` for malformed documents and for those whose shape or own type contradicts `mediaType`;
 *   `UNSUPPORTED` for other media types; `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parseManifest } from '@stowage/types';
 *
 * const manifest = parseManifest(new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}'));
 * console.log(manifest.kind); // index
 * ```
 */
export function parseManifest(bytes: Bytes, mediaType?: string, options: ParseOptions = {}): Manifest {
  const named = mediaType === undefined ? undefined : essenceOf(mediaType);
  const noun = named === undefined ? 'manifest' : decoderOf(named).noun;
  const json = parseJsonObject(bytes, noun, options);
  const type = named ?? detectMediaType(json);
  const decoder = decoderOf(type);
  const document = readGoStruct(json, ANY_MANIFEST);
  const members = new Set(Object.keys(document));
  checkOwnType(document, type, decoder);
  if (decoder.kind === 'manifest') {
    if (members.has('manifests')) throw invalid('ocimanifest: expected manifest but found index');
    checkMembers(members, type);
    const parsed = validate(manifestSchema, document, decoder.noun);
    return { ...parsed, kind: 'manifest', mediaType: type, raw: bytes };
  }
  if (members.has('config') || members.has('layers')) {
    throw invalid('index: expected index but found manifest');
  }
  checkMembers(members, type);
  return { ...validate(indexSchema, document, decoder.noun), kind: 'index', mediaType: type, raw: bytes };
}

/**
 * Parses an index or manifest list.
 *
 * @param bytes the document as received
 * @param options limits
 * @throws `INVALID_MANIFEST` when it is something else or malformed; `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parseIndex } from '@stowage/types';
 *
 * console.log(parseIndex(new TextEncoder().encode('{"schemaVersion":2,"manifests":[]}')).manifests.length); // 0
 * ```
 */
export function parseIndex(bytes: Bytes, options: ParseOptions = {}): ImageIndex {
  const manifest = parseManifest(bytes, undefined, options);
  if (manifest.kind !== 'index') throw invalid('index: expected index but found manifest');
  return manifest;
}

function decoderOf(type: string): Decoder {
  const decoder = Object.hasOwn(DECODERS, type) ? DECODERS[type] : undefined;
  if (decoder === undefined) throw new StowageError('UNSUPPORTED', `unsupported media type ${type}`);
  return decoder;
}

function checkOwnType(document: Record<string, unknown>, type: string, { noun, strict }: Decoder): void {
  const named = document['mediaType'];
  const own = typeof named === 'string' ? named : '';
  if (own === type || (own === '' && !strict)) return;
  const prefix = strict ? '' : 'if present, ';
  throw invalid(`${prefix}mediaType in ${noun} should be '${type}' not '${own}'`);
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
