import type { Bytes } from '../bytes.ts';
import type { Descriptor } from './descriptor.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import type { GoJsonOptions } from '../go-json/go-json.ts';
import { writeGoStruct } from '../go-json/go-json-struct.ts';
import type { GoStruct } from '../go-json/go-json-struct.ts';
import { DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST } from './manifest-struct.ts';
import { MEDIA_TYPES } from './media-types.ts';

/** What a docker schema 2 manifest is made of. */
export interface Schema2Parts {
  readonly config: Descriptor;
  /** Base layer first. */
  readonly layers: readonly Descriptor[];
}

/** What OCI documents have beside what they point to. */
export interface OciParts {
  readonly artifactType?: string | undefined;
  /** What this document is about. */
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** What an OCI manifest is made of. */
export interface OciManifestParts extends Schema2Parts, OciParts {}

/** What an OCI index is made of. */
export interface OciIndexParts extends OciParts {
  readonly manifests: readonly Descriptor[];
}

/** Docker's manifests are indented by three spaces. */
const INDENT = '   ';

/**
 * Builds a docker schema 2 manifest, byte for byte as docker 20.10 pushes it (`MarshalIndent` with three spaces; in a
 * descriptor the size comes before the digest).
 *
 * @param parts what it points to
 * @param options layout. Default three spaces; an empty `indent` is compact
 *
 * @example
 * ```ts
 * import { asDigest, buildSchema2Manifest, MEDIA_TYPES } from '@stowage/types';
 *
 * const config = { mediaType: MEDIA_TYPES.dockerConfig, digest: asDigest('sha256:' + 'a'.repeat(64)), size: 2 };
 * console.log(buildSchema2Manifest({ config, layers: [] }).length); // 311
 * ```
 */
export function buildSchema2Manifest({ config, layers }: Schema2Parts, options?: GoJsonOptions): Bytes {
  return build(DOCKER_MANIFEST, MEDIA_TYPES.dockerManifest, { config, layers }, options);
}

/**
 * Builds a docker manifest list, as docker/distribution 2.8 does. Every entry has a platform.
 *
 * @param manifests the manifests, each with its platform
 * @param options layout. Default three spaces; an empty `indent` is compact
 *
 * @example
 * ```ts
 * import { buildManifestList, parseManifest } from '@stowage/types';
 *
 * console.log(parseManifest(buildManifestList([])).kind); // index
 * ```
 */
export function buildManifestList(manifests: readonly Descriptor[], options?: GoJsonOptions): Bytes {
  return build(DOCKER_LIST, MEDIA_TYPES.dockerManifestList, { manifests }, options);
}

/**
 * Builds an OCI manifest in the order of image-spec 1.1, which is that of 1.0 where nothing newer is used.
 *
 * @param parts what it points to, and what it says
 * @param options layout. Default three spaces; an empty `indent` is compact, as in docker's archives
 *
 * @example
 * ```ts
 * import { asDigest, buildOciManifest, MEDIA_TYPES, parseManifest } from '@stowage/types';
 *
 * const config = { mediaType: MEDIA_TYPES.ociConfig, digest: asDigest('sha256:' + 'a'.repeat(64)), size: 2 };
 * const manifest = parseManifest(buildOciManifest({ config, layers: [], annotations: { a: 'b' } }));
 * console.log(manifest.annotations); // { a: 'b' }
 * ```
 */
export function buildOciManifest(parts: OciManifestParts, options?: GoJsonOptions): Bytes {
  return build(OCI_MANIFEST, MEDIA_TYPES.ociManifest, parts, options);
}

/**
 * Builds an OCI index in the order of image-spec 1.1, which is that of 1.0 where nothing newer is used.
 *
 * @param parts what it points to, and what it says
 * @param options layout. Default three spaces; an empty `indent` is compact, as in docker's archives
 *
 * @example
 * ```ts
 * import { buildOciIndex } from '@stowage/types';
 *
 * console.log(new TextDecoder().decode(buildOciIndex({ manifests: [] }, { indent: '' })));
 * // {"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}
 * ```
 */
export function buildOciIndex(parts: OciIndexParts, options?: GoJsonOptions): Bytes {
  return build(OCI_INDEX, MEDIA_TYPES.ociIndex, parts, options);
}

function build(struct: GoStruct, mediaType: string, parts: object, options: GoJsonOptions = {}): Bytes {
  const document = writeGoStruct({ ...parts, schemaVersion: 2, mediaType }, struct);
  return encodeGoJson(document, { indent: options.indent ?? INDENT });
}
