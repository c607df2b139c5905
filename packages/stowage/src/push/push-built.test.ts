import { gzip, streamOf } from '@stowage/core';
import {
  encodeGoJson,
  isStowageError,
  MEDIA_TYPES,
  parseNormalizedNamed,
  parseSignedManifest,
} from '@stowage/types';
import type { Bytes, ImageID } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Stowage } from '../stowage.ts';
import { PushRegistry, toldPush } from '../test-support/push-subject.ts';
import { tarOf } from '../test-support/test-registry.ts';
import type { PushResult } from './push-result.ts';
import { createTrustKey } from './trust-key.ts';

const NAME = 'there.test/app:v1';
let target: PushRegistry;
let stowage: Stowage;

beforeEach(async () => {
  target = new PushRegistry();
  stowage = await target.open();
});

/** Makes an image of layers, plain or as gzip, without a manifest, as archives of docker bring it. */
async function make(tars: readonly Bytes[], more: object = {}, compressed = false): Promise<ImageID> {
  const ids = [];
  let top;
  for (const tar of tars) {
    const stream = compressed ? streamOf(tar).pipeThrough(gzip()) : streamOf(tar);
    top = await stowage.layers.register(stream, top?.chainId);
    ids.push(top.diffId);
  }
  const history = tars.map((_, at) => ({
    created: '2024-01-01T00:00:00Z',
    created_by: `step ${String(at)}`,
  }));
  const rootfs = { type: 'layers', diff_ids: ids };
  const config = { architecture: 'amd64', os: 'linux', history, rootfs, ...more };
  const imageId = await stowage.imageStore.create(encodeGoJson(config));
  await stowage.references.addTag(parseNormalizedNamed(NAME), imageId);
  return imageId;
}

const TARS = [tarOf({ a: 'a' }), tarOf({ b: 'b' })];

describe('an image without a manifest', () => {
  it('gets one of schema 2, and its layers are compressed on their way', async () => {
    const imageId = await make(TARS);
    const { mediaType, layers, digest } = await stowage.push(NAME);
    expect(mediaType).toBe(MEDIA_TYPES.dockerManifest);
    expect(layers.map((layer) => layer.mediaType)).toEqual([
      MEDIA_TYPES.dockerLayerGzip,
      MEDIA_TYPES.dockerLayerGzip,
    ]);
    const other = await target.open();
    const pulled = await other.pull(NAME, { platform: 'linux/amd64' });
    expect([pulled.imageId, pulled.digest]).toEqual([imageId, digest]);
    target.asked();
    expect((await stowage.push(NAME)).digest).toBe(digest);
    expect(target.asked().filter((line) => /^(?:POST|PATCH)/.test(line))).toEqual([]);
  });

  it('keeps the layers that are compressed already', async () => {
    await make(TARS, {}, true);
    const { layers } = await stowage.push(NAME);
    for (const { digest } of layers) expect((await stowage.content.info(digest)).size).toBeGreaterThan(0);
  });

  it('for another system is pushed too, and one without layers', async () => {
    await make([], { os: 'windows', history: [] });
    expect(await stowage.push(NAME)).toMatchObject({ layers: [], mediaType: MEDIA_TYPES.dockerManifest });
  });

  it('is OCI with layers of zstd, and then mixes no types of docker in', async () => {
    await make(TARS);
    const { mediaType } = await stowage.push(NAME, { compression: 'zstd' });
    expect(mediaType).toBe(MEDIA_TYPES.ociManifest);
    const other = await target.open();
    await other.pull(NAME, { platform: 'linux/amd64' });
    await other.tag(NAME, 'there.test/gzip:v1');
    const { layers, mediaType: kept } = await other.push('there.test/gzip:v1', { compression: 'gzip' });
    expect([kept, layers[0]?.mediaType]).toEqual([MEDIA_TYPES.ociManifest, MEDIA_TYPES.dockerLayerGzip]);
  });
});

describe('a registry that takes nothing but schema 1', () => {
  let sent: Uint8Array | undefined;
  beforeEach(async () => {
    sent = undefined;
    await make(TARS, {
      history: [{ created_by: 'a' }, { created_by: 'ENV', empty_layer: true }, { created_by: 'b' }],
    });
    target.instead = async (request, init) => {
      if (!request.startsWith('PUT /v2/app/manifests/')) return undefined;
      const type = new Headers(init.headers).get('content-type');
      if (type !== MEDIA_TYPES.dockerSchema1Signed) {
        return Response.json({ errors: [{ code: 'TAG_INVALID', message: 'tag invalid' }] }, { status: 404 });
      }
      sent = new Uint8Array(await new Response(init.body).arrayBuffer());
      return new Response(null, { status: 201 });
    };
  });

  it('gets it signed, with the empty layer, where that is allowed', async () => {
    const { lines, outcome } = await toldPush(stowage, NAME, {
      trustKey: await createTrustKey(),
      allowSchema1Push: true,
    });
    expect(outcome).toMatchObject({ mediaType: MEDIA_TYPES.dockerSchema1Signed });
    expect(
      lines.some((line) => line.includes('[DEPRECATION NOTICE]') && line.includes('there.test registry NOW')),
    ).toBe(true);
    const { fsLayers, name, tag } = parseSignedManifest(sent ?? new Uint8Array());
    expect([name, tag, fsLayers.length]).toEqual(['app', 'v1', 3]);
    expect(fsLayers[0]?.blobSum).toBe((outcome as PushResult).layers[1]?.digest);
  });

  it('gets nothing where it is not', async () => {
    const trustKey = await createTrustKey();
    for (const options of [{}, { allowSchema1Push: true }, { trustKey }]) {
      const { outcome } = await toldPush(stowage, NAME, options);
      expect(isStowageError(outcome) && outcome.message.includes('tag invalid')).toBe(true);
    }
    await expect(stowage.push(NAME, { trustKey })).rejects.toThrow(
      '[DEPRECATED] support for pushing manifest v2 schema1',
    );
    expect(sent).toBeUndefined();
  });

  it('and refuses other things in other words', async () => {
    const body = { errors: [{ code: 'MANIFEST_INVALID', message: 'no' }] };
    target.instead = (request) =>
      request.startsWith('PUT /v2/app/manifests/')
        ? Promise.resolve(Response.json(body, { status: 400 }))
        : undefined;
    await expect(stowage.push(NAME, { trustKey: await createTrustKey() })).rejects.toThrow(
      'manifest invalid: no',
    );
  });
});

it('an image that is gone from under its name is told', async () => {
  const imageId = await make(TARS);
  await stowage.imageStore.delete(imageId);
  await expect(stowage.push(NAME)).rejects.toMatchObject({ code: 'NOT_FOUND' });
});
