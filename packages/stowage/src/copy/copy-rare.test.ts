import { MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { StowageOptions } from '../stowage.ts';
import { FakeRegistry } from '../test-support/fake-registry.ts';
import { createTwoRegistries } from '../test-support/two-registries.ts';
import type { CopyOptions } from './copy-types.ts';

describe('copy of what is rare', () => {
  const foreignType = MEDIA_TYPES.dockerForeignLayerGzip;

  /** Copies from a registry that holds whatever it is given. */
  async function copyFrom(
    options: StowageOptions,
    copyOptions: CopyOptions,
    fill: (from: FakeRegistry) => Promise<unknown>,
  ) {
    const fake = new FakeRegistry();
    await fill(fake);
    const target = await createTwoRegistries();
    await using stowage = await openStowage({
      insecureRegistries: ['target.test'],
      ...options,
      fetch: (text, init) => {
        const { hostname, pathname } = new URL(text);
        return hostname === 'target.test'
          ? target.ask(pathname.slice(4) + new URL(text).search, init)
          : fake.fetch(text, init);
      },
    });
    const outcome = stowage.copy('source.test/app:v1', 'target.test/copy:v1', copyOptions);
    return { result: await outcome, fake, target };
  }

  const foreignImage = async (fake: FakeRegistry): Promise<void> => {
    const config = await fake.blob('app', '{}', MEDIA_TYPES.dockerConfig);
    const layer = {
      ...(await fake.blob('app', 'windows', foreignType)),
      urls: ['https://elsewhere.test/layer'],
    };
    const own = await fake.blob('app', 'own', MEDIA_TYPES.dockerLayerGzip);
    const type = MEDIA_TYPES.dockerManifest;
    await fake.manifest(
      'app',
      ['v1'],
      { schemaVersion: 2, mediaType: type, config, layers: [layer, own] },
      type,
    );
  };

  it('skips foreign layers unless it is told otherwise, or the registry is listed', async () => {
    const skipped = await copyFrom({}, {}, foreignImage);
    expect(skipped.result.blobs.map(({ status }) => status)).toEqual(['sent', 'skipped', 'sent']);
    const told = await copyFrom({}, { foreignLayers: true }, foreignImage);
    expect(told.result.blobs.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
    const listed = await copyFrom({ allowNondistributableArtifacts: ['target.test'] }, {}, foreignImage);
    expect(listed.result.blobs.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
  });

  it('asks the next endpoint for what a mirror has not', async () => {
    const { result, fake } = await copyFrom(
      { mirrors: { 'source.test': ['https://mirror.test'] } },
      {},
      async (from) => {
        await foreignImage(from);
        from.instead = (request, { hostname }) =>
          hostname === 'mirror.test' && request.includes('/blobs/')
            ? new Response(null, { status: 404 })
            : undefined;
      },
    );
    expect(result.blobs.map(({ status }) => status)).toEqual(['sent', 'skipped', 'sent']);
    expect(fake.requests.filter((request) => request.includes('/manifests/'))).toHaveLength(1);
  });

  it('sends manifests of schema 1 as they are, to a registry that takes them', async () => {
    const taken: string[] = [];
    const fake = new FakeRegistry();
    const layer = await fake.blob('app', 'layer', MEDIA_TYPES.dockerLayerGzip);
    const document = {
      schemaVersion: 1,
      name: 'app',
      tag: 'v1',
      architecture: 'amd64',
      fsLayers: [{ blobSum: layer.digest }, { blobSum: layer.digest }],
      history: [],
    };
    const { digest } = await fake.manifest('app', ['v1'], document, MEDIA_TYPES.dockerSchema1);
    await using stowage = await openStowage({
      fetch: (text, init) => {
        const { hostname, pathname } = new URL(text);
        if (hostname !== 'target.test' || pathname === '/v2/') return fake.fetch(text, init);
        const method = init?.method ?? 'GET';
        taken.push(method);
        if (method === 'POST') {
          const headers = { location: '/v2/copy/blobs/uploads/1' };
          return Promise.resolve(new Response(null, { status: 202, headers }));
        }
        return Promise.resolve(new Response(null, { status: method === 'PUT' ? 201 : 404 }));
      },
    });
    const result = await stowage.copy('source.test/app:v1', 'target.test/copy:v1');
    expect(result).toMatchObject({ digest, blobs: [{ digest: layer.digest, size: 5, status: 'sent' }] });
    expect(taken.filter((method) => method === 'PUT')).toHaveLength(2);
  });
});
