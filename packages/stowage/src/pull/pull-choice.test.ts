import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, Platform } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { refusal } from '../test-support/fake-registry.ts';
import { AMD64, APP, open, putImage, soundStore, subject, told } from '../test-support/pull-subject.ts';

describe('an index', () => {
  const put = async (entries: readonly object[], type: string = MEDIA_TYPES.ociIndex): Promise<Descriptor> =>
    subject.registry.manifest(
      'app',
      ['multi'],
      { schemaVersion: 2, mediaType: type, manifests: entries },
      type,
    );
  const none = (platform: string): string =>
    `no matching manifest for ${platform} in the manifest list entries`;

  it('is told by its own digest; attestations and unknown things in it are passed over', async () => {
    const { manifest } = await putImage();
    const attestation = {
      ...(await putImage({ tag: 'attestation' })).manifest,
      annotations: { 'vnd.docker.reference.type': 'attestation-manifest' },
    };
    const index = await put([
      { ...manifest, mediaType: 'application/x-unknown', platform: AMD64 },
      { ...attestation, platform: { os: 'unknown', architecture: 'unknown' } },
      attestation,
      { ...manifest, platform: AMD64 },
    ]);
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, 'localhost/app:multi');
    expect(outcome).toMatchObject({ digest: index.digest, platform: AMD64 });
    expect(lines.at(-2)).toBe(`: Digest: ${index.digest}`);
    expect(subject.registry.requests.some((request) => request.includes(attestation.digest))).toBe(false);
  });

  it.each([
    ['linux/s390x', { os: 'linux', architecture: 's390x' }],
    ['linux/arm/v7', { os: 'linux', architecture: 'arm' }],
    ['windows/amd64 10.0.17763', { os: 'windows', architecture: 'amd64', 'os.version': '10.0.17763' }],
  ])('without an entry for %s says so', async (words, platform) => {
    const { manifest } = await putImage();
    await put(
      [
        { ...manifest, platform: AMD64 },
        { ...manifest, platform: { os: 'windows', architecture: 'amd64', 'os.version': '10.0.20348.1' } },
      ],
      MEDIA_TYPES.dockerManifestList,
    );
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, 'localhost/app:multi', { platform });
    expect(outcome).toMatchObject({ code: 'PLATFORM_MISMATCH', message: none(words) });
    expect(lines).toEqual(['multi: Pulling from app']);
    await soundStore(stowage);
  });

  it('gives Windows the entry of its build', async () => {
    const windows = (version: string): Platform => ({
      os: 'windows',
      architecture: 'amd64',
      'os.version': version,
    });
    const [old, fresh] = [
      await putImage({ tag: 'old', platform: windows('10.0.17763.1') }),
      await putImage({ tag: 'fresh', platform: windows('10.0.20348.1') }),
    ];
    await put([
      { ...fresh.manifest, platform: windows('10.0.20348.1') },
      { ...old.manifest, platform: windows('10.0.17763.1') },
    ]);
    await using stowage = await open();
    for (const [version, { config }] of [
      ['10.0.17763', old],
      ['10.0.20348', fresh],
    ] as const) {
      const { outcome } = await told(stowage, 'localhost/app:multi', { platform: windows(version) });
      expect(outcome).toMatchObject({ imageId: config.digest });
    }
  });

  it('that leads deeper than four is given up', async () => {
    const { manifest } = await putImage();
    let entry: object = { ...manifest, platform: AMD64 };
    for (let depth = 0; depth < 5; depth += 1) entry = { ...(await put([entry])), platform: AMD64 };
    await using stowage = await open();
    expect((await told(stowage, 'localhost/app:multi')).outcome).toMatchObject({
      message: none('linux/amd64'),
    });
  });

  it('is not needed: an image alone is taken for what it is, with a warning', async () => {
    await putImage();
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, APP, { platform: 'linux/arm64' });
    expect(outcome).toMatchObject({ platform: AMD64 });
    expect(lines.at(-1)).toBe(
      `: WARNING: image with reference ${APP} was found but does not match the specified platform: ` +
        'wanted linux/arm64, actual: linux/amd64',
    );
  });
});

describe('a foreign layer', () => {
  it('is fetched where its descriptor says when the registry does not have it', async () => {
    const layerType = MEDIA_TYPES.dockerForeignLayerGzip;
    const urls = ['https://layers.example/a', 'https://layers.example/b'];
    const { layers } = await putImage({ layerType, urls });
    const asked: string[] = [];
    const { fetch } = subject.registry;
    const fromElsewhere = (url: string): Promise<Response> => {
      asked.push(url);
      if (url.endsWith('/a')) return Promise.resolve(new Response('gone', { status: 404 }));
      const layer = layers[asked.length / 2 - 1];
      return fetch(`https://layers.example/v2/app/blobs/${layer?.digest ?? ''}`);
    };
    subject.registry.instead = (request, { host }) =>
      host === 'localhost' && layers.some(({ digest }) => request.endsWith(digest))
        ? refusal(404, 'BLOB_UNKNOWN')
        : undefined;
    await using stowage = await open({
      concurrency: 1,
      fetch: (url, init) => (urls.includes(url) ? fromElsewhere(url) : fetch(url, init)),
    });
    expect((await told(stowage, APP)).outcome).toMatchObject({ status: 'downloaded' });
    expect(asked).toEqual([...urls, ...urls]);
    await soundStore(stowage);
  });
});

describe('all tags', () => {
  it('are pulled in the order of the registry; the status is for all of them', async () => {
    const [one, two] = [await putImage({ tag: 'one' }), await putImage({ tag: 'two' })];
    subject.registry.instead = (request) =>
      request === 'GET /v2/app/tags/list' ? Response.json({ name: 'app', tags: ['two', 'one'] }) : undefined;
    await using stowage = await open();
    const { lines } = await told(stowage, 'localhost/app', { allTags: true });
    expect(lines.filter((line) => /Pulling from|Digest|Status/.test(line))).toEqual([
      'two: Pulling from app',
      `: Digest: ${two.manifest.digest}`,
      'one: Pulling from app',
      `: Digest: ${one.manifest.digest}`,
      ': Status: Downloaded newer image for localhost/app',
    ]);
    const again = await told(stowage, 'localhost/app', { allTags: true });
    expect(again.lines.at(-1)).toBe(': Status: Image is up to date for localhost/app');
  });

  it('end with the first that fails', async () => {
    await putImage({ tag: 'one' });
    subject.registry.instead = (request) =>
      request === 'GET /v2/app/tags/list' ? Response.json({ name: 'app', tags: ['one', 'gone'] }) : undefined;
    await using stowage = await open();
    const { outcome } = await told(stowage, 'localhost/app', { allTags: true });
    expect(outcome).toMatchObject({ code: 'NOT_FOUND' });
    expect((await stowage.images()).length).toBe(1);
  });
});

describe('endpoints', () => {
  it('a mirror that lies about the configuration makes way for the registry', async () => {
    const { config } = await putImage({ repository: 'library/app' });
    subject.registry.instead = (request, { host }) =>
      host === 'm.example' && request.endsWith(config.digest) ? refusal(403, 'DENIED') : undefined;
    await using stowage = await open({ mirrors: ['https://m.example'], storage: createMemoryStorage() });
    expect((await told(stowage, 'app:v1')).outcome).toMatchObject({ status: 'downloaded' });
    await soundStore(stowage);
  });

  it('a mirror with a manifest that nobody can read ends the search', async () => {
    await putImage({
      repository: 'library/app',
      mediaType: MEDIA_TYPES.dockerManifest,
      layerType: 'application/x-layer',
    });
    const hosts = new Set<string>();
    subject.registry.instead = (_request, { host }) => {
      hosts.add(host);
      return undefined;
    };
    await using stowage = await open({ mirrors: ['https://m.example'] });
    expect((await told(stowage, 'app:v1')).outcome).toMatchObject({
      message: 'unsupported media type application/x-layer',
    });
    expect([...hosts]).toEqual(['m.example']);
  });
});
