import * as z from 'zod/mini';
import type { Digest } from '../digest/digest.ts';
import { parseJsonObject, validate } from './document.ts';
import { StowageError } from '../error/errors.ts';
import { goStruct, optional, readGoStruct } from '../go-json/go-json-struct.ts';
import type { GoStruct } from '../go-json/go-json-struct.ts';
import type { History } from './image-config.ts';
import type { SignedManifest, V1History } from './signed-manifest.ts';
import { historyFromV1Config } from './v1-config.ts';
import { parseV1Image } from './v1-image.ts';

const V1_ID = /^[a-f0-9]{64}$/;

const THROWAWAY: GoStruct = goStruct(optional('throwaway', 'flag'));
const throwawaySchema = z.looseObject({ throwaway: z._default(z.boolean(), false) });

/**
 * Checks that a manifest of schema 1 is one: its version, and that every layer has its history. Whether it hashes to
 * the digest that was asked for is checked before, by who can hash.
 *
 * @param manifest the manifest
 * @param reference what was asked for, as users write it; for messages
 * @throws `INVALID_MANIFEST` in moby's words
 *
 * @example
 * ```ts
 * import { parseSignedManifest, verifySignedManifest } from '@stowage/types';
 *
 * const bytes = new TextEncoder().encode('{"schemaVersion":1}');
 * try {
 *   verifySignedManifest(parseSignedManifest(bytes, { allowUnsigned: true }), 'busybox:latest');
 * } catch (error) {
 *   console.log((error as Error).message); // no FSLayers in manifest for "busybox:latest"
 * }
 * ```
 */
export function verifySignedManifest(manifest: SignedManifest, reference: string): void {
  const { schemaVersion, fsLayers, history } = manifest;
  const quoted = JSON.stringify(reference);
  if (schemaVersion !== 1) throw invalid(`unsupported schema version ${schemaVersion} for ${quoted}`);
  if (fsLayers.length !== history.length) {
    throw invalid(`length of history not equal to number of layers for ${quoted}`);
  }
  if (fsLayers.length === 0) throw invalid(`no FSLayers in manifest for ${quoted}`);
}

/** What {@link fixManifestLayers} takes. */
export interface FixManifestLayersOptions {
  /** The operating system that the image is for: on `windows` the base may have a parent. Default `linux`. */
  readonly os?: string | undefined;
}

/**
 * Drops layers that follow themselves, and checks that each of the others is the child of the next.
 *
 * @param manifest a manifest that {@link verifySignedManifest} lets pass
 * @param options the operating system
 * @returns the manifest with the layers and history that are left
 * @throws `INVALID_MANIFEST` in moby's words where an ID is malformed or there twice, or the chain is broken
 *
 * @example
 * ```ts
 * import { fixManifestLayers, parseSignedManifest } from '@stowage/types';
 *
 * const layer = { blobSum: 'sha256:' + 'a'.repeat(64) };
 * const step = { v1Compatibility: JSON.stringify({ id: 'b'.repeat(64) }) };
 * const json = JSON.stringify({ schemaVersion: 1, fsLayers: [layer, layer], history: [step, step] });
 * const manifest = parseSignedManifest(new TextEncoder().encode(json), { allowUnsigned: true });
 * console.log(fixManifestLayers(manifest).fsLayers.length); // 1
 * ```
 */
export function fixManifestLayers(
  manifest: SignedManifest,
  { os = 'linux' }: FixManifestLayersOptions = {},
): SignedManifest {
  const images = manifest.history.map(readLink);
  const base = images.at(-1);
  if (base !== undefined && base.parent !== '' && os !== 'windows') {
    throw invalid('invalid parent ID in the base layer of the image');
  }
  checkUnique(images);
  const kept = images.map((image, index) => {
    const below = images[index + 1];
    if (below === undefined) return true;
    if (image.id === below.id) return false;
    if (image.parent === below.id) return true;
    throw invalid(`invalid parent ID. Expected ${below.id}, got ${image.parent}`);
  });
  return {
    ...manifest,
    fsLayers: manifest.fsLayers.filter((_, index) => kept[index]),
    history: manifest.history.filter((_, index) => kept[index]),
  };
}

/** What a schema 1 manifest says of an image, in the order that configurations have: base first. */
export interface SignedManifestContent {
  /** The blobs to fetch: one for each step that made a layer. */
  readonly layers: readonly Digest[];
  readonly history: readonly History[];
}

/**
 * Turns the layers and history of a schema 1 manifest into those of a configuration. Steps that made no layer
 * (`throwaway`) have no blob.
 *
 * @param manifest a manifest that {@link fixManifestLayers} has made
 * @throws `INVALID_MANIFEST` where a step is malformed
 *
 * @example
 * ```ts
 * import { parseSignedManifest, readSignedManifest } from '@stowage/types';
 *
 * const layer = { blobSum: 'sha256:' + 'a'.repeat(64) };
 * const step = { v1Compatibility: '{"container_config":{"Cmd":["make"]},"throwaway":true}' };
 * const json = JSON.stringify({ schemaVersion: 1, fsLayers: [layer], history: [step] });
 * const { layers, history } = readSignedManifest(
 *   parseSignedManifest(new TextEncoder().encode(json), { allowUnsigned: true }),
 * );
 * console.log(layers.length, history[0]?.created_by, history[0]?.empty_layer); // 0 make true
 * ```
 */
export function readSignedManifest({ fsLayers, history }: SignedManifest): SignedManifestContent {
  const steps = history.map(({ v1Compatibility }) => {
    const document = readGoStruct(parseJsonObject(v1Compatibility, 'image'), THROWAWAY);
    const { throwaway } = validate(throwawaySchema, document, 'image');
    return historyFromV1Config(v1Compatibility, throwaway);
  });
  return {
    layers: fsLayers
      .filter((_, index) => steps[index]?.empty_layer !== true)
      .map(({ blobSum }) => blobSum)
      .reverse(),
    history: steps.reverse(),
  };
}

/** An image of the chain and the one that it is made from. */
interface Link {
  readonly id: string;
  readonly parent: string;
}

function readLink({ v1Compatibility }: V1History): Link {
  const { id = '', parent = '' } = parseV1Image(v1Compatibility);
  if (!V1_ID.test(id)) throw invalid(`image ID ${JSON.stringify(id)} is invalid`);
  return { id, parent };
}

/** Refuses an ID that is there again after others. */
function checkUnique(images: readonly Link[]): void {
  const seen = new Set<string>();
  let last = '';
  for (const { id } of images) {
    if (id !== last && seen.has(id)) throw invalid(`ID ${id} appears multiple times in manifest`);
    last = id;
    seen.add(id);
  }
}

function invalid(message: string): StowageError {
  return new StowageError('INVALID_MANIFEST', message);
}
