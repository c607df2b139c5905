import { createRegistryServer, toFetch } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import { asDigest, formatReference, MEDIA_TYPES } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { openStowage } from 'stowage';
import { describe, expect, it } from 'vitest';
import { buildImage, pushImage } from '../support/image-builder.ts';

// Images that would give themselves names. Each test is named after its row in the list of past advisories of the field.

const encoder = new TextEncoder();

describe('names that nobody asked for', () => {
  const EVIL = {
    'org.opencontainers.image.ref.name': 'docker.io/library/evil:latest',
    'io.containerd.image.name': 'docker.io/library/evil:latest',
    'dev.stowage.image.id': `sha256:${'6'.repeat(64)}`,
    'containerd.io/gc.root': '2020-01-01T00:00:00Z',
    'containerd.io/gc.ref.content.0': `sha256:${'6'.repeat(64)}`,
  };

  it('row 44: come from no label, no annotation and no index', async () => {
    const fetch = toFetch(createRegistryServer({ storage: createMemoryStorage() }));
    const image = buildImage([[{ name: 'file', content: '1' }]]);
    const { layers } = image;
    const labelled = {
      ...JSON.parse(new TextDecoder().decode(image.config.bytes)),
      config: { Labels: EVIL },
    } as object;
    const bytes = encoder.encode(JSON.stringify(labelled));
    const descriptor = {
      mediaType: MEDIA_TYPES.ociConfig,
      digest: await digestOf(bytes),
      size: bytes.length,
    };
    const manifest = encoder.encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociManifest,
        config: { ...descriptor, annotations: EVIL },
        layers: layers.map((layer) => ({ ...layer.descriptor, annotations: EVIL })),
        annotations: EVIL,
      }),
    );
    const target = {
      mediaType: MEDIA_TYPES.ociManifest,
      digest: await digestOf(manifest),
      size: manifest.length,
    };
    await pushImage(fetch, 'http://localhost', 'app', 'single', {
      descriptor: target,
      manifest,
      config: { descriptor, bytes },
      layers,
    });
    const platform = { os: 'linux', architecture: 'amd64' };
    const index = encoder.encode(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MEDIA_TYPES.ociIndex,
        manifests: [{ ...target, platform, annotations: EVIL }],
        annotations: EVIL,
      }),
    );
    const headers = { 'content-type': MEDIA_TYPES.ociIndex };
    const pushed = await fetch('http://localhost/v2/app/manifests/multi', {
      method: 'PUT',
      headers,
      body: index,
    });
    expect(pushed.status).toBe(201);

    const storage = createMemoryStorage();
    await using stowage = await openStowage({ storage, fetch });
    for (const tag of ['single', 'multi']) {
      await stowage.pull(`localhost/app:${tag}`, { platform: 'linux/amd64' });
      const names = (await stowage.references.all()).map(({ reference }) => formatReference(reference));
      expect(names.filter((name) => !name.startsWith('localhost/app'))).toEqual([]);
      expect(names).toContain(`localhost/app:${tag}`);
    }
    const ids = new Set((await stowage.references.all()).map(({ imageId }) => imageId));
    expect([...ids]).toEqual([descriptor.digest]);
    const written = new TextDecoder().decode(await storage.metadata.get('layout', 'index.json'));
    expect(written).not.toContain('evil');
    for (const tag of ['single', 'multi']) await stowage.remove(`localhost/app:${tag}`);
    expect(await stowage.images()).toEqual([]);
    let blobs = 0;
    for await (const _ of storage.content.walk()) blobs += 1;
    expect(blobs).toBe(0);
  });
});

async function digestOf(bytes: Uint8Array): Promise<Digest> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(bytes)));
  return asDigest(`sha256:${Buffer.from(hash).toString('hex')}`);
}
