import type { Bytes } from '../bytes.ts';
import type { Digest } from '../digest/digest.ts';
import { StowageError } from '../error/errors.ts';
import { encodeGoJson } from '../go-json/go-json.ts';
import { field, goStruct, optional, writeGoStruct } from '../go-json/go-json-struct.ts';
import type { GoStruct } from '../go-json/go-json-struct.ts';
import { readImageConfig } from './image-config.ts';
import type { History, ImageConfig } from './image-config.ts';
import { SCHEMA1_MANIFEST } from './manifest-struct.ts';
import { encodeV1Config } from './v1-config.ts';

const encoder = new TextEncoder();

/**
 * The digest of {@link emptyLayer}.
 *
 * @example
 * ```ts
 * import { EMPTY_LAYER_DIGEST, shortId } from '@stowage/types';
 *
 * console.log(shortId(EMPTY_LAYER_DIGEST)); // a3ed95caeb02
 * ```
 */
export const EMPTY_LAYER_DIGEST: Digest =
  'sha256:a3ed95caeb02ffe68cdd9fd84406680ae93d633cb16422d00e8a7c22955b46d4' as Digest;

/**
 * The blob that stands for steps without a layer in schema 1: an empty tar, gzipped.
 *
 * @example
 * ```ts
 * import { emptyLayer } from '@stowage/types';
 *
 * console.log(emptyLayer().length); // 32
 * ```
 */
export function emptyLayer(): Bytes {
  // prettier-ignore
  return Uint8Array.of(
    31, 139, 8, 0, 0, 9, 110, 136, 0, 255, 98, 24, 5, 163, 96, 20,
    140, 88, 0, 8, 0, 0, 255, 255, 46, 175, 181, 239, 0, 4, 0, 0,
  );
}

/** What a manifest of schema 1 is made of. */
export interface Schema1Parts {
  /** The repository, as the registry knows it, for example `library/busybox`. */
  readonly name: string;
  readonly tag: string;
  /** The image configuration, as it is stored. */
  readonly config: Bytes;
  /** The blobs of its layers, base first. */
  readonly layers: readonly Digest[];
}

/** Computes the SHA-256 digest of bytes, as `digestBytes` of `@stowage/core` does. */
export type Sha256 = (bytes: Bytes) => Digest | Promise<Digest>;

/** A manifest of schema 1 before it is signed, and what its signatures say of it. */
export interface Schema1Payload {
  /** The bytes to sign; the digest of the manifest is theirs. */
  readonly payload: Bytes;
  /** How many of them come before signatures. */
  readonly formatLength: number;
  /** The bytes that come after signatures. */
  readonly formatTail: Bytes;
  /** Whether {@link emptyLayer} is one of the layers: it has to be pushed then. */
  readonly usesEmptyLayer: boolean;
}

/** A step on its way into the manifest. */
interface Layer {
  readonly blobSum: Digest;
  readonly v1Compatibility: string;
}

const V1_COMPATIBILITY: GoStruct = goStruct(
  field('id', 'text'),
  optional('parent', 'text'),
  optional('comment', 'text'),
  field('created', 'time'),
  field('container_config', goStruct(field('Cmd', 'texts'))),
  optional('author', 'text'),
  optional('throwaway', 'flag'),
);

/**
 * Builds the payload of a schema 1 manifest of an image configuration, byte for byte as docker/distribution 2.8 does.
 *
 * @param parts the image
 * @param sha256 computes the IDs that the images of version 1 have
 * @throws `INVALID_MANIFEST` for malformed configurations; `INVALID_ARGUMENT` where layers and history do not fit, in
 *   distribution's words; `UNSUPPORTED` for old Windows images with a `base_layer`
 *
 * @example
 * ```ts
 * import { asDigest, buildSchema1Payload } from '@stowage/types';
 *
 * const digest = asDigest('sha256:' + 'a'.repeat(64));
 * const config = { history: [{ created_by: 'make' }], rootfs: { type: 'layers', diff_ids: [digest] } };
 * const { payload, formatLength } = await buildSchema1Payload(
 *   { name: 'app', tag: 'v1', config: new TextEncoder().encode(JSON.stringify(config)), layers: [digest] },
 *   () => digest, // in earnest: the SHA-256 of the bytes
 * );
 * console.log(payload.length - formatLength); // 2
 * ```
 */
export async function buildSchema1Payload(parts: Schema1Parts, sha256: Sha256): Promise<Schema1Payload> {
  const config = readImageConfig(parts.config);
  const steps = assignBlobs(config, parts.layers);
  const layers: Layer[] = [];
  let parent = '';
  for (const [index, { step, blobSum }] of steps.entries()) {
    const isTop = index === steps.length - 1;
    const text = `${encodedOf(blobSum)} ${parent}`;
    const id = encodedOf(
      await sha256(isTop ? concat(encoder.encode(`${text} `), parts.config) : encoder.encode(text)),
    );
    const v1Compatibility = isTop ? encodeTop(parts.config, id, parent, step) : encodeStep(id, parent, step);
    layers.unshift({ blobSum, v1Compatibility: new TextDecoder().decode(v1Compatibility) });
    parent = id;
  }
  const payload = encodeManifest(parts, config.architecture, layers);
  return {
    payload,
    formatLength: payload.length - TAIL.length,
    formatTail: encoder.encode(TAIL),
    usesEmptyLayer: steps.some(({ step }) => step.empty_layer === true),
  };
}

/** What the payload ends in, behind where signatures go. */
const TAIL = '\n}';

function assignBlobs(
  { history = [], rootfs }: ImageConfig,
  layers: readonly Digest[],
): readonly { readonly step: History; readonly blobSum: Digest }[] {
  if (history.length === 0) throw invalid('empty history when trying to create schema1 manifest');
  if (rootfs.diff_ids.length !== layers.length) {
    const lengths = `len([${rootfs.diff_ids.join(' ')}]) != len([${layers.join(' ')}])`;
    throw invalid(`number of descriptors and number of layers in rootfs must match: ${lengths}`);
  }
  if ('base_layer' in rootfs && rootfs.base_layer !== '') {
    throw new StowageError('UNSUPPORTED', 'schema 1 of images with a base layer is not supported');
  }
  const left = layers.values();
  return history.map((step) => {
    const blobSum = step.empty_layer === true ? EMPTY_LAYER_DIGEST : left.next().value;
    if (blobSum === undefined) throw invalid('too many non-empty layers in History section');
    return { step, blobSum };
  });
}

function encodeStep(id: string, parent: string, step: History): Bytes {
  const { comment, created, author, created_by: createdBy = '', empty_layer: throwaway } = step;
  const image = { id, parent, comment, created, container_config: { Cmd: [createdBy] }, author, throwaway };
  return encodeGoJson(writeGoStruct(image, V1_COMPATIBILITY));
}

function encodeTop(config: Bytes, id: string, parent: string, { empty_layer: throwaway }: History): Bytes {
  return encodeV1Config(config, { id, parent, throwaway }, ['rootfs', 'history']);
}

function encodeManifest(
  { name, tag }: Schema1Parts,
  architecture: string | undefined,
  layers: Layer[],
): Bytes {
  const manifest = { schemaVersion: 1, name, tag, architecture, fsLayers: layers, history: layers };
  return encodeGoJson(writeGoStruct(manifest, SCHEMA1_MANIFEST), { indent: '   ' });
}

function encodedOf(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

function concat(a: Bytes, b: Bytes): Bytes {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_ARGUMENT', message);
}
