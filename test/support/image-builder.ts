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

const encoder = new TextEncoder();

/** Builds an OCI image of gzip layers, base first. The same input gives the same bytes. */
export function buildImage(layers: readonly (readonly EntryToBuild[])[], architecture = 'amd64'): BuiltImage {
  const built = layers.map(buildLayer);
  const config = json({
    created: '2026-01-02T03:04:05Z',
    architecture,
    os: 'linux',
    config: { Env: ['PATH=/bin'], Cmd: ['/bin/sh'] },
    rootfs: { type: 'layers', diff_ids: built.map(({ diffId }) => diffId) },
    history: built.map((_, index) => ({ created_by: `layer ${String(index)}` })),
  });
  const configDescriptor = { mediaType: MEDIA_TYPES.ociConfig, digest: sha256(config), size: config.length };
  const manifest = json({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    config: configDescriptor,
    layers: built.map(({ descriptor }) => descriptor),
  });
  return {
    descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest: sha256(manifest), size: manifest.length },
    manifest,
    config: { descriptor: configDescriptor, bytes: config },
    layers: built,
  };
}

/** Builds one gzip layer. */
export function buildLayer(entries: readonly EntryToBuild[]): BuiltLayer {
  const writer = createTarWriter();
  const parts = entries.flatMap(({ content, ...header }) =>
    writer.entry(header, typeof content === 'string' ? encoder.encode(content) : content),
  );
  const tar = Buffer.concat([...parts, writer.end()]);
  const bytes = new Uint8Array(gzipSync(tar));
  return {
    descriptor: { mediaType: MEDIA_TYPES.ociLayerGzip, digest: sha256(bytes), size: bytes.length },
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
  const { mediaType } = image.descriptor;
  await send(fetch, 'PUT', `${repository}/manifests/${tag}`, 201, image.manifest, mediaType);
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
