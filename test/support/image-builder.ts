import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { createTarWriter } from '@stowage/core';
import type { TarEntryInit } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Bytes, Descriptor, Digest, DiffID, Fetch } from '@stowage/types';

/** An entry of a layer to build: what the tar header says, and the content of a file. */
export interface EntryToBuild extends TarEntryInit {
  readonly content?: string | Bytes;
}

/** A layer as it lies in a registry. */
export interface BuiltLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffID;
  readonly bytes: Bytes;
}

/** An image as it lies in a registry. */
export interface BuiltImage {
  readonly descriptor: Descriptor;
  readonly manifest: Bytes;
  readonly config: { readonly descriptor: Descriptor; readonly bytes: Bytes };
  readonly layers: readonly BuiltLayer[];
}

/** An index or a list as it lies in a registry. */
export type BuiltIndex = Pick<BuiltImage, 'descriptor' | 'manifest'>;

/** How layers are compressed. */
export interface LayerCompression {
  /** What its OCI media type ends with. */
  readonly suffix: '' | '+gzip' | '+zstd';
  readonly compress: (tar: Bytes) => Bytes;
}

/** What may differ from an OCI image for linux/amd64 with gzip layers. */
export interface BuildOptions {
  readonly architecture?: string;
  /** Docker's media types in the place of OCI's. */
  readonly docker?: boolean;
  readonly compression?: LayerCompression;
}

const GZIP: LayerCompression = { suffix: '+gzip', compress: (tar) => new Uint8Array(gzipSync(tar)) };

/** Layers as they are. */
export const UNCOMPRESSED: LayerCompression = { suffix: '', compress: (tar) => tar };

/** Layers that the program `zstd` compresses. */
export const ZSTD: LayerCompression = {
  suffix: '+zstd',
  compress: (tar) => new Uint8Array(execFileSync('zstd', ['-q', '-c'], { input: tar })),
};

const encoder = new TextEncoder();

/** Builds an image, base first. The same input gives the same bytes. */
export function buildImage(
  layers: readonly (readonly EntryToBuild[])[],
  { compression = GZIP, ...options }: BuildOptions = {},
): BuiltImage {
  return assembleImage(
    layers.map((entries) => buildLayer(entries, compression)),
    options,
  );
}

/** Makes an image of layers, base first. */
export function assembleImage(
  layers: readonly BuiltLayer[],
  { architecture = 'amd64', docker = false }: Omit<BuildOptions, 'compression'> = {},
): BuiltImage {
  const built = layers.map((layer) => (docker ? withType(layer, MEDIA_TYPES.dockerLayerGzip) : layer));
  const config = json({
    created: '2026-01-02T03:04:05Z',
    architecture,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: built.map(({ diffId }) => diffId) },
    history: built.map((_, index) => ({ created_by: `layer ${String(index)}` })),
  });
  const configType = docker ? MEDIA_TYPES.dockerConfig : MEDIA_TYPES.ociConfig;
  const mediaType = docker ? MEDIA_TYPES.dockerManifest : MEDIA_TYPES.ociManifest;
  const configDescriptor = { mediaType: configType, digest: sha256(config), size: config.length };
  const manifest = json({
    schemaVersion: 2,
    mediaType,
    config: configDescriptor,
    layers: built.map(({ descriptor }) => descriptor),
  });
  return {
    descriptor: { mediaType, digest: sha256(manifest), size: manifest.length },
    manifest,
    config: { descriptor: configDescriptor, bytes: config },
    layers: built,
  };
}

function withType(layer: BuiltLayer, mediaType: string): BuiltLayer {
  return { ...layer, descriptor: { ...layer.descriptor, mediaType } };
}

/** Builds an index of manifests, or docker's list of them. */
export function buildIndex(manifests: readonly Descriptor[], docker = false): BuiltIndex {
  const mediaType = docker ? MEDIA_TYPES.dockerManifestList : MEDIA_TYPES.ociIndex;
  const manifest = json({ schemaVersion: 2, mediaType, manifests });
  return { manifest, descriptor: { mediaType, digest: sha256(manifest), size: manifest.length } };
}

/** Builds one layer. */
export function buildLayer(
  entries: readonly EntryToBuild[],
  compression: LayerCompression = GZIP,
): BuiltLayer {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ content, ...header }) =>
    writer.entry(header, typeof content === 'string' ? encoder.encode(content) : content),
  );
  return layerOfTar(Buffer.concat([...parts, writer.end()]), compression);
}

/** Makes a layer of an archive. */
export function layerOfTar(tar: Bytes, { suffix, compress }: LayerCompression = GZIP): BuiltLayer {
  const bytes = compress(tar);
  return {
    descriptor: { mediaType: MEDIA_TYPES.ociLayer + suffix, digest: sha256(bytes), size: bytes.length },
    diffId: sha256(tar) as DiffID,
    bytes,
  };
}

/** Pushes an image into a registry, blobs first. */
export async function pushImage(
  fetch: Fetch,
  registry: string,
  name: string,
  tag: string,
  image: BuiltImage,
): Promise<void> {
  const repository = `${registry}/v2/${name}`;
  for (const { descriptor, bytes } of [...image.layers, image.config]) {
    const session = await send(fetch, 'POST', `${repository}/blobs/uploads/`, 202);
    const location = new URL(session.headers.get('location') ?? '', registry);
    location.searchParams.set('digest', descriptor.digest);
    await send(fetch, 'PUT', location.href, 201, bytes);
  }
  await pushManifest(fetch, registry, name, tag, image);
}

/** Pushes a manifest into a registry that has all that it names; `reference` is a tag or its digest. */
export async function pushManifest(
  fetch: Fetch,
  registry: string,
  name: string,
  reference: string,
  { descriptor: { mediaType }, manifest }: BuiltIndex,
): Promise<void> {
  await send(fetch, 'PUT', `${registry}/v2/${name}/manifests/${reference}`, 201, manifest, mediaType);
}

async function send(
  fetch: Fetch,
  method: string,
  url: string,
  expected: number,
  bytes: Bytes = new Uint8Array(),
  type = 'application/octet-stream',
): Promise<Response> {
  const headers = { 'content-type': type, 'content-length': String(bytes.length) };
  const response = await fetch(url, { method, headers, body: bytes as Uint8Array<ArrayBuffer> });
  const text = await response.text();
  if (response.status !== expected) throw new Error(`${method} ${url}: ${String(response.status)} ${text}`);
  return response;
}

/** The digest of bytes, by Node's own hash: what the code under test must arrive at by itself. */
function sha256(bytes: Bytes): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}

function json(value: unknown): Bytes {
  return encoder.encode(JSON.stringify(value));
}
