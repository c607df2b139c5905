import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import {
  asDigest,
  buildOciIndex,
  buildOciManifest,
  buildSchema2Manifest,
  encodeGoJson,
  MEDIA_TYPES,
} from '@stowage/types';
import type { Bytes, ContentStore, Descriptor, Digest } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { annotateImage } from './annotate-image.ts';
import { changeConfig } from './change-config.ts';
import { convertImage } from './convert-image.ts';
import { readEditableImage } from './read-editable-image.ts';
import { writeEditableImage } from './write-editable-image.ts';
import { configOf, diffIdOf } from '../test-support/fake-layer-store.ts';
import { imageOf, layerOf, SCRATCH } from '../test-support/sample-images.ts';

let content: ContentStore;

beforeEach(() => {
  ({ content } = createMemoryStorage());
});

async function put(bytes: Bytes, mediaType: string): Promise<Descriptor> {
  const ingest = await content.ingest('put');
  await ingest.write(bytes);
  const { digest, size } = await ingest.commit();
  return { mediaType, digest, size };
}

async function count(): Promise<number> {
  let blobs = 0;
  for await (const _ of content.walk()) blobs += 1;
  return blobs;
}

describe('writeEditableImage', () => {
  it('stores configuration and manifest', async () => {
    const image = annotateImage(imageOf('12'), { b: '2', a: '1' });
    const { imageId, config, manifest } = await writeEditableImage(image, content);
    expect(imageId).toBe(config.digest);
    const written = new TextDecoder().decode(await content.read(imageId, { maxBytes: 1_000 }));
    expect(written).toBe(
      `{"architecture":"amd64","history":[{"created_by":"layer 1"},{"created_by":"layer 2"}],"os":"linux",` +
        `"rootfs":{"type":"layers","diff_ids":["${diffIdOf('1')}","${diffIdOf('2')}"]}}`,
    );
    const bytes = await content.read(manifest.digest, { maxBytes: 10_000 });
    expect(bytes).toEqual(
      buildOciManifest({ config, layers: image.layers, annotations: { a: '1', b: '2' } }),
    );
    expect(manifest).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: await digestBytes(bytes),
      size: bytes.length,
    });
  });

  it("writes docker's manifests as docker does", async () => {
    const image = convertImage(imageOf('12'), 'docker');
    const { config, manifest } = await writeEditableImage(image, content);
    expect(config.mediaType).toBe(MEDIA_TYPES.dockerConfig);
    expect(manifest.mediaType).toBe(MEDIA_TYPES.dockerManifest);
    expect(await content.read(manifest.digest, { maxBytes: 10_000 })).toEqual(
      buildSchema2Manifest({ config, layers: image.layers }),
    );
  });

  it('writes nothing twice, and leases what it writes', async () => {
    const leased: Digest[] = [];
    const lease = {
      add: (digests: Iterable<Digest>): Promise<void> => {
        leased.push(...digests);
        return Promise.resolve();
      },
    };
    const { config, manifest } = await writeEditableImage(imageOf('1'), content, { lease });
    expect(leased).toEqual([config.digest, manifest.digest]);
    await writeEditableImage(imageOf('1'), content);
    expect(await count()).toBe(2);
  });

  it('stops when it is aborted', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(writeEditableImage(SCRATCH, content, { signal })).rejects.toBe(reason);
    expect(await count()).toBe(0);
  });
});

describe('readEditableImage', () => {
  it('keeps every byte of what is not changed', async () => {
    const odd = new TextEncoder().encode(
      `{ "unknown": 12345678901234567890, "os": "linux", "rootfs": {"type":"layers","diff_ids":["${diffIdOf('1')}"]} }`,
    );
    const config = await put(odd, MEDIA_TYPES.ociConfig);
    const document = { schemaVersion: 2, config, layers: [layerOf('1').descriptor], unknown: null };
    const manifest = await put(encodeGoJson(document), MEDIA_TYPES.ociManifest);
    const image = await readEditableImage(manifest, content);
    expect(await writeEditableImage(image, content)).toMatchObject({ imageId: config.digest, manifest });
    const annotated = await writeEditableImage(annotateImage(image, { a: 'b' }), content);
    expect(annotated.imageId).toBe(config.digest);
    expect(annotated.manifest.digest).not.toBe(manifest.digest);
    const changed = await writeEditableImage(
      changeConfig(image, (old) => ({ ...old, author: 'me' })),
      content,
    );
    expect(new TextDecoder().decode(await content.read(changed.imageId, { maxBytes: 1_000 }))).toBe(
      `{"author":"me","os":"linux","rootfs":{"type":"layers","diff_ids":["${diffIdOf('1')}"]},"unknown":12345678901234567890}`,
    );
  });

  it('straightens types that are mixed up', async () => {
    const config = await put(configOf([diffIdOf('1')]), MEDIA_TYPES.dockerConfig);
    const layers = [layerOf('1', MEDIA_TYPES.dockerLayerGzip).descriptor];
    const manifest = await put(buildOciManifest({ config, layers }), MEDIA_TYPES.ociManifest);
    const image = await readEditableImage(manifest, content);
    expect(image.layers[0]?.mediaType).toBe(MEDIA_TYPES.ociLayerGzip);
    expect((await writeEditableImage(annotateImage(image, { a: 'b' }), content)).config.mediaType).toBe(
      MEDIA_TYPES.ociConfig,
    );
  });

  it('refuses what is no image', async () => {
    const refused = (manifest: Descriptor, expected: object): Promise<void> =>
      expect(readEditableImage(manifest, content)).rejects.toMatchObject(expected);
    const index = await put(buildOciIndex({ manifests: [] }), MEDIA_TYPES.ociIndex);
    await refused(index, {
      code: 'UNSUPPORTED',
      message: `${index.digest} is an index: choose one of its images`,
    });
    const empty = await put(new TextEncoder().encode('{}'), MEDIA_TYPES.ociEmpty);
    const artifact = await put(buildOciManifest({ config: empty, layers: [] }), MEDIA_TYPES.ociManifest);
    await refused(artifact, {
      code: 'UNSUPPORTED',
      message: expect.stringContaining('is no image') as string,
    });
    const config = await put(configOf([diffIdOf('1')]), MEDIA_TYPES.ociConfig);
    const short = await put(buildOciManifest({ config, layers: [] }), MEDIA_TYPES.ociManifest);
    await refused(short, {
      code: 'INVALID_MANIFEST',
      message: 'number of descriptors and number of layers in rootfs must match: 0 != 1',
    });
    const layers = [layerOf('1', 'text/plain').descriptor];
    const odd = await put(buildOciManifest({ config, layers }), MEDIA_TYPES.ociManifest);
    await refused(odd, { code: 'UNSUPPORTED', message: 'unsupported media type text/plain' });
    await refused({ ...odd, mediaType: MEDIA_TYPES.ociIndex }, { code: 'INVALID_MANIFEST' });
    const nothing = { ...odd, digest: asDigest(`sha256:${'0'.repeat(64)}`) };
    await refused(nothing, { code: 'NOT_FOUND' });
    const large = await put(new Uint8Array(4 * 1024 * 1024 + 1), MEDIA_TYPES.ociManifest);
    await refused(large, { code: 'LIMIT_EXCEEDED' });
  });
});
