import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import { FakeRegistry, refusal } from '../test-support/fake-registry.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const OPTIONS = { platform: AMD64 };

async function setUp() {
  const registry = new FakeRegistry();
  const layers: Descriptor[] = [];
  for (const name of ['base', 'top']) {
    layers.push(await registry.layer('app', { [name]: `of ${name}` }, MEDIA_TYPES.ociLayer));
  }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const config = await registry.blob('app', JSON.stringify({ ...AMD64, rootfs }), MEDIA_TYPES.ociConfig);
  const type = MEDIA_TYPES.ociManifest;
  const document = { schemaVersion: 2, mediaType: type, config, layers: [...layers, layers[0]] };
  const repeated = await registry.blob(
    'app',
    JSON.stringify({ ...AMD64, rootfs: { ...rootfs, diff_ids: [...rootfs.diff_ids, layers[0]?.digest] } }),
    MEDIA_TYPES.ociConfig,
  );
  const manifest = await registry.manifest('app', ['v1'], { ...document, config: repeated }, type);
  const entry = { ...manifest, platform: AMD64 };
  const index = await registry.manifest(
    'app',
    ['multi'],
    { schemaVersion: 2, mediaType: MEDIA_TYPES.ociIndex, manifests: [entry] },
    MEDIA_TYPES.ociIndex,
  );
  const stowage = await openStowage({ fetch: (url, init) => registry.fetch(url, init) });
  return { registry, stowage, manifest, index, config: repeated, layers };
}

const count = (all: readonly Descriptor[]): number => all.reduce((sum, { size }) => sum + size, 0);

describe('a plan', () => {
  it('tells what would come, each thing once, and stores nothing', async () => {
    const { registry, stowage, manifest, index, config, layers } = await setUp();
    const plan = await stowage.plan('localhost/app:multi', OPTIONS);
    const parts = [index, manifest, config, ...layers];
    expect(plan).toMatchObject({
      reference: 'localhost/app:multi',
      digest: index.digest,
      bytes: count(parts),
      localBytes: 0,
      requests: 6,
    });
    expect(plan.items.map(({ kind, digest, local }) => [kind, digest, local])).toEqual(
      ['index', 'manifest', 'config', 'layer', 'layer'].map((kind, at) => [kind, parts[at]?.digest, 0]),
    );
    expect(registry.requests.filter((request) => request.includes('/blobs/'))).toEqual([]);
    for await (const { digest } of stowage.content.walk()) expect(digest).toBeUndefined();

    // It is what happens then.
    registry.requests.length = 0;
    await stowage.pull('localhost/app:multi', OPTIONS);
    expect(registry.requests.length).toBe(plan.requests);
    await stowage.close();
  });

  it('counts what is here, also of downloads that broke off', async () => {
    const { stowage, manifest, index, config, layers } = await setUp();
    const [base, top] = layers as [Descriptor, Descriptor];
    const ingest = await stowage.content.ingest(`layer-${top.digest}`, {
      digest: top.digest,
      size: top.size,
    });
    await ingest.write(new Uint8Array(100));
    await ingest.close();
    const partial = await stowage.plan(`localhost/app@${manifest.digest}`, OPTIONS);
    expect(partial).toMatchObject({ localBytes: 100, requests: 4 });
    expect(partial.bytes).toBe(count([manifest, config, base, top]) - 100);
    await stowage.content.abort(`layer-${top.digest}`);

    await stowage.pull('localhost/app:v1', OPTIONS);
    expect(await stowage.plan('localhost/app:v1', OPTIONS)).toMatchObject({ bytes: 0, requests: 1 });
    expect(await stowage.plan('localhost/app:multi', OPTIONS)).toMatchObject({
      bytes: index.size,
      localBytes: count([manifest, config, ...layers]),
      requests: 2,
    });
    await stowage.close();
  });

  it('asks how large the layers of schema 1 are', async () => {
    const { registry, stowage, layers } = await setUp();
    const [base] = layers as [Descriptor];
    const v1 = JSON.stringify({ id: 'a'.repeat(64), os: 'linux' });
    const head = JSON.stringify({
      schemaVersion: 1,
      fsLayers: [{ blobSum: base.digest }],
      history: [{ v1Compatibility: v1 }],
    }).slice(0, -1);
    const format = btoa(JSON.stringify({ formatLength: head.length, formatTail: 'fQ' })).replace(/=+$/, '');
    const document = `${head},"signatures":[{"protected":"${format}"}]}`;
    registry.instead = (request) =>
      request.endsWith('/manifests/old')
        ? new Response(request.startsWith('HEAD') ? null : document, {
            headers: { 'content-type': MEDIA_TYPES.dockerSchema1Signed },
          })
        : undefined;
    // What the tag is asked for gives the digest of what was signed.
    const { digest } = await stowage.resolve('localhost/app:old');
    await registry.manifest('app', ['old'], document, MEDIA_TYPES.dockerSchema1Signed, digest);
    registry.instead = () => undefined;
    const plan = await stowage.plan('localhost/app:old', OPTIONS);
    expect(plan.items.map(({ kind, size }) => [kind, size])).toEqual([
      ['manifest', document.length],
      ['layer', base.size],
    ]);
    expect(plan.requests).toBe(4);
    await stowage.close();
  });

  it('fails as the pull would', async () => {
    const { registry, stowage } = await setUp();
    await expect(stowage.plan('localhost/app:gone', OPTIONS)).rejects.toThrow(
      'manifest for localhost/app:gone not found',
    );
    const platform = { os: 'linux', architecture: 's390x' };
    await expect(stowage.plan('localhost/app:multi', { platform })).rejects.toMatchObject({
      code: 'PLATFORM_MISMATCH',
    });
    registry.instead = () => refusal(403, 'DENIED');
    await expect(stowage.plan('localhost/app:v1')).rejects.toThrow('pull access denied');
    await stowage.close();
  });
});
