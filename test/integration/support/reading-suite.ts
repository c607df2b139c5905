import { createHash } from 'node:crypto';
import { collect } from '@stowage/core';
import { createRepository, listCatalog } from '@stowage/registry';
import type { RegistryInit } from '@stowage/registry';
import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Digest, Fetch } from '@stowage/types';
import { expect, it } from 'vitest';
import { buildImage, pushImage } from '../../support/image-builder.ts';
import { noise } from '../../support/noise.ts';

/** The repository that the suite reads. */
export const READ_NAME = 'team/read';
const encoder = new TextEncoder();
const image = buildImage([[{ name: 'noise', content: noise(3_000_000) }], [{ name: 'top', content: 'top' }]]);
const layer = image.layers[0] ?? { descriptor: image.descriptor, bytes: new Uint8Array() };
/** The layer of some megabytes that the suite reads. */
export const BIG_LAYER: Descriptor = layer.descriptor;

const signature = encoder.encode(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociManifest,
    artifactType: 'test/signature',
    config: image.config.descriptor,
    layers: [],
    subject: image.descriptor,
  }),
);
const signatureDescriptor = {
  mediaType: MEDIA_TYPES.ociManifest,
  digest: digestOf(signature),
  size: signature.length,
};

/** Pushes what the suite reads, with whatever `fetch` proves; also the index for registries without a list of referrers. */
export async function pushReadingContent(fetch: Fetch, origin: string): Promise<void> {
  for (const tag of ['v1', 'v2']) await pushImage(fetch, origin, READ_NAME, tag, image);
  const index = {
    schemaVersion: 2,
    mediaType: MEDIA_TYPES.ociIndex,
    manifests: [{ ...signatureDescriptor, artifactType: 'test/signature' }],
  };
  const manifests: readonly [string, string, Uint8Array][] = [
    [digestOf(signature), MEDIA_TYPES.ociManifest, signature],
    [image.descriptor.digest.replace(':', '-'), MEDIA_TYPES.ociIndex, encoder.encode(JSON.stringify(index))],
  ];
  for (const [reference, type, bytes] of manifests) {
    const url = `${origin}/v2/${READ_NAME}/manifests/${reference}`;
    const body = bytes as Uint8Array<ArrayBuffer>;
    const response = await fetch(url, { method: 'PUT', headers: { 'content-type': type }, body });
    expect(response.status).toBe(201);
  }
}

/** What of a registry is not as usual. */
export interface ReadingSuiteOptions {
  /** Whether it is a mirror: it lists only what was asked of it, and answers 500 to a digest that is not there. Default `false`. */
  readonly mirror?: boolean;
}

/** Reads everything that can be read of a registry, and checks it byte by byte. */
export function readingSuite(init: () => RegistryInit, { mirror = false }: ReadingSuiteOptions = {}): void {
  const open = () => createRepository({ ...init(), name: READ_NAME });

  it('manifests by tag and digest', async () => {
    const { manifests } = open();
    const { digest } = image.descriptor;
    for (const reference of ['v1', digest]) {
      expect(await manifests.head(reference)).toEqual(image.descriptor);
      const { descriptor, bytes } = await manifests.get(reference);
      expect(descriptor).toEqual(image.descriptor);
      expect(Buffer.from(bytes).equals(image.manifest)).toBe(true);
    }
  });

  it('what is not there', async () => {
    const { manifests, blobs } = open();
    const nothing = `sha256:${'0'.repeat(64)}` as Digest;
    for (const call of [
      () => manifests.get('v9'),
      () => manifests.head('v9'),
      () => blobs.open(nothing),
      () => blobs.stat(nothing),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'NOT_FOUND', status: 404 });
    }
    const refused = mirror ? { code: 'UNAVAILABLE', status: 500 } : { code: 'NOT_FOUND', status: 404 };
    await expect(manifests.get(nothing)).rejects.toMatchObject(refused);
  });

  it('blobs, whole and in parts, over one connection and several', async () => {
    const { blobs } = open();
    const { digest, size } = BIG_LAYER;
    const { bytes } = layer;
    const maxBytes = bytes.length;
    expect(await blobs.stat(digest)).toMatchObject({ digest, size });
    const cases: readonly [number, number, object][] = [
      [0, size, {}],
      [0, size, { size }],
      [1_000_000, size, { offset: 1_000_000 }],
      [1_000_000, 1_000_001, { offset: 1_000_000, length: 1 }],
      [size, size, { offset: size }],
      [0, size, { connections: 4, partSize: 300_000 }],
      [5, size, { offset: 5, size, connections: 3, partSize: 1_000_000 }],
    ];
    for (const [first, end, options] of cases) {
      const got = await collect(await blobs.open(digest, options), { maxBytes });
      expect([options, Buffer.from(got).equals(bytes.subarray(first, end))]).toEqual([options, true]);
    }
  });

  it('what refers to a manifest', async () => {
    const found = await all(open().referrers(image.descriptor.digest, { artifactType: 'test/signature' }));
    expect(found).toMatchObject([{ ...signatureDescriptor, artifactType: 'test/signature' }]);
    expect(await all(open().referrers(image.descriptor.digest, { artifactType: 'test/other' }))).toEqual([]);
  });

  if (mirror) return;

  it('tags', async () => {
    for (const options of [{}, { pageSize: 1 }, { pageSize: 100_000 }]) {
      expect((await all(open().tags(options))).filter((tag) => /^v\d$/.test(tag)).sort()).toEqual([
        'v1',
        'v2',
      ]);
    }
  });

  it('repositories', async () => {
    for (const options of [{}, { pageSize: 1 }]) {
      expect(await all(listCatalog(init(), options))).toContain(READ_NAME);
    }
  });
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}` as Digest;
}
