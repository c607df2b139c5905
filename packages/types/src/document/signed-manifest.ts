import * as z from 'zod/mini';
import type { Bytes } from '../bytes.ts';
import type { Digest } from '../digest/digest.ts';
import { digestSchema, parseJsonObject, validate } from './document.ts';
import type { ParseOptions } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { decodeGoJsonMembers } from '../go-json/go-json-decode.ts';
import { readGoStruct } from '../go-json/go-json-struct.ts';
import { SCHEMA1_MANIFEST } from './manifest-struct.ts';
import { MEDIA_TYPES } from './media-types.ts';
import { signedPayload } from './signed-manifest-payload.ts';

/** A layer of a {@link SignedManifest}. */
export interface FsLayer {
  /** The digest of the blob. */
  readonly blobSum: Digest;
}

/** What made the layer at the same place in `fsLayers`. */
export interface V1History {
  /** An image of version 1, JSON: see {@link parseV1Image}. */
  readonly v1Compatibility: string;
}

/** A manifest of docker's schema 1. */
export interface SignedManifest {
  readonly kind: 'signed';
  /** The bytes as received, signatures included. */
  readonly raw: Bytes;
  /** What was signed. The digest of the manifest is that of these bytes. */
  readonly canonical: Bytes;
  readonly mediaType: string;
  /** 1, or {@link verifySignedManifest} refuses it. */
  readonly schemaVersion: number;
  readonly name: string;
  readonly tag: string;
  readonly architecture: string;
  /** Top layer first, base last. */
  readonly fsLayers: readonly FsLayer[];
  /** As many as layers, or {@link verifySignedManifest} refuses it. */
  readonly history: readonly V1History[];
}

/** What {@link parseSignedManifest} takes. */
export interface SignedManifestOptions extends ParseOptions {
  /** Whether a manifest without signatures will do; moby refuses one. Default `false`. */
  readonly allowUnsigned?: boolean | undefined;
}

const SIGNATURES = 'signatures';
const text = z._default(z.string(), '');
const schema = z.looseObject({
  schemaVersion: z._default(z.int(), 0),
  name: text,
  tag: text,
  architecture: text,
  fsLayers: z._default(z.array(z.looseObject({ blobSum: digestSchema })), []),
  history: z._default(z.array(z.looseObject({ v1Compatibility: text })), []),
});

/**
 * Parses a manifest of schema 1. Everything but `raw` comes from the bytes that were signed: what was put in behind
 * them does not count. The signatures themselves are not verified, as in moby; the digest over `canonical` is what
 * tells one manifest from another.
 *
 * @param bytes the manifest as received
 * @param options limits, and whether signatures may be missing
 * @throws `INVALID_MANIFEST` for malformed ones, in libtrust's words for what is wrong with signatures;
 *   `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { parseSignedManifest } from '@stowage/types';
 *
 * const bytes = new TextEncoder().encode('{"schemaVersion":1,"name":"library/hello-world","fsLayers":[]}');
 * console.log(parseSignedManifest(bytes, { allowUnsigned: true }).name); // library/hello-world
 * ```
 */
export function parseSignedManifest(bytes: Bytes, options: SignedManifestOptions = {}): SignedManifest {
  const signatures = decodeGoJsonMembers(bytes, options).get(SIGNATURES);
  if (signatures === undefined && options.allowUnsigned !== true) {
    throw new StowageError('INVALID_MANIFEST', 'missing signature key');
  }
  const canonical = signatures === undefined ? bytes : signedPayload(bytes, signatures.text);
  const document = readGoStruct(parseJsonObject(canonical, 'signed manifest', options), SCHEMA1_MANIFEST);
  return {
    ...validate(schema, document, 'signed manifest'),
    kind: 'signed',
    mediaType: signatures === undefined ? MEDIA_TYPES.dockerSchema1 : MEDIA_TYPES.dockerSchema1Signed,
    raw: bytes,
    canonical,
  };
}
