import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Descriptor, ProgressSnapshot } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { refusal } from '../test-support/fake-registry.ts';
import { APP, open, putImage, soundStore, subject, told } from '../test-support/pull-subject.ts';

describe('the words of a pull', () => {
  it('are those of docker, in its order', async () => {
    const { manifest, layers } = await putImage();
    await using stowage = await open();
    const { lines } = await told(stowage, APP);
    const of = ({ digest }: Descriptor): string[] => [
      ...new Set(lines.filter((line) => line.startsWith(digest.slice(7, 19)))),
    ];
    for (const layer of layers) {
      const id = layer.digest.slice(7, 19);
      expect(of(layer)).toEqual(
        [
          'Pulling fs layer',
          'Downloading',
          'Verifying Checksum',
          'Download complete',
          'Extracting',
          'Pull complete',
        ].map((words) => `${id}: ${words}`),
      );
    }
    expect(lines[0]).toBe('v1: Pulling from app');
    expect(lines.slice(-2)).toEqual([
      `: Digest: ${manifest.digest}`,
      `: Status: Downloaded newer image for ${APP}`,
    ]);
    expect((await told(stowage, APP)).lines).toEqual([
      'v1: Pulling from app',
      `: Digest: ${manifest.digest}`,
      `: Status: Image is up to date for ${APP}`,
    ]);
    await soundStore(stowage);
  });

  it('name what was pulled by digest in full, and official images by their whole name', async () => {
    const { manifest } = await putImage({ repository: 'library/app' });
    await using stowage = await open();
    for (const reference of [`app@${manifest.digest}`, `app:v1@${manifest.digest}`]) {
      const { lines } = await told(stowage, reference);
      const full = reference.replace('app', 'docker.io/library/app');
      expect(lines[0]).toBe(`${full}: Pulling from library/app`);
      expect(lines.at(-1)).toMatch(`for ${reference}`);
    }
    expect((await stowage.references.all()).length).toBe(1);
  });

  it('add up to a whole, of which the size is known before the first byte', async () => {
    const { layers } = await putImage();
    await using stowage = await open();
    const snapshots: ProgressSnapshot[] = [];
    await told(stowage, APP, { onSnapshot: (snapshot) => snapshots.push(snapshot) });
    const total = layers.reduce((sum, { size }) => sum + size, 0);
    expect(snapshots.find(({ items }) => items.length > 0)).toMatchObject({ done: 0, total });
    expect(snapshots.at(-1)).toMatchObject({ done: total, total, eta: 0, phases: { done: 2 } });
  });

  it('tell of every event, and take a colon at the end for nothing', async () => {
    await putImage({ tag: 'latest' });
    const events: string[][] = [];
    await using stowage = await open({ onImageEvent: (...event) => events.push(event) });
    const { lines } = await told(stowage, 'localhost/app:');
    expect(lines[0]).toBe('latest: Pulling from app');
    expect(events).toEqual([['localhost/app:latest', 'localhost/app', 'pull']]);
  });
});

describe('a manifest', () => {
  it.each([
    ['DENIED', 403],
    ['MANIFEST_UNKNOWN', 404],
    ['NAME_UNKNOWN', 404],
  ])('is asked for by tag where its digest gets %s', async (code, status) => {
    const { manifest } = await putImage();
    subject.registry.instead = (request) =>
      request === `GET /v2/app/manifests/${manifest.digest}` ? refusal(status, code) : undefined;
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({ digest: manifest.digest, status: 'downloaded' });
    expect(lines[0]).toBe(
      'WARNING: \u26A0\uFE0F Failed to pull manifest by the resolved digest. This registry does not\n' +
        '\tappear to conform to the distribution registry specification; falling back to\n' +
        '\tpull by tag.  This fallback is DEPRECATED, and will be removed in a future\n' +
        '\trelease.  Please contact admins of https://localhost. \u26A0\uFE0F\n',
    );
    await soundStore(stowage);
  });

  it('that is not there by tag either fails with the words of that', async () => {
    const { manifest } = await putImage();
    const tagged = { seen: false };
    subject.registry.instead = (request) => {
      if (request === `GET /v2/app/manifests/${manifest.digest}`) return refusal(404, 'MANIFEST_UNKNOWN');
      if (request !== 'GET /v2/app/manifests/v1') return undefined;
      tagged.seen = true;
      return refusal(404, 'MANIFEST_UNKNOWN');
    };
    await using stowage = await open();
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({
      code: 'NOT_FOUND',
      message: 'error after falling back to get manifest by tag: manifest unknown: says the registry',
    });
    expect(tagged.seen).toBe(true);
  });

  it('is not asked for by tag where it was wanted by digest', async () => {
    const { manifest } = await putImage();
    subject.registry.instead = (request) =>
      request.includes('/manifests/') ? refusal(404, 'MANIFEST_UNKNOWN') : undefined;
    await using stowage = await open();
    const { outcome } = await told(stowage, `localhost/app:v1@${manifest.digest}`);
    expect(outcome).toMatchObject({
      code: 'NOT_FOUND',
      message: `manifest for localhost/app:v1@${manifest.digest} not found: manifest unknown: says the registry`,
    });
    expect(subject.registry.requests.some((request) => request.endsWith('/v1'))).toBe(false);
  });

  it('that is here costs a HEAD where another repository is said to have it by digest', async () => {
    const { manifest } = await putImage();
    const other = await putImage({ repository: 'other' });
    expect(other.manifest.digest).toBe(manifest.digest);
    await using stowage = await open();
    await told(stowage, APP);
    subject.registry.requests.length = 0;
    await told(stowage, `localhost/app@${manifest.digest}`);
    expect(subject.registry.requests).toEqual([]);
    await told(stowage, `localhost/other@${manifest.digest}`);
    expect(subject.registry.requests).toEqual([`HEAD /v2/other/manifests/${manifest.digest}`]);
    expect((await stowage.content.info(manifest.digest)).labels).toEqual({
      'containerd.io/distribution.source.localhost': 'app,other',
    });
    subject.registry.instead = (request) =>
      request.includes('/third/') ? refusal(404, 'MANIFEST_UNKNOWN') : undefined;
    const { outcome } = await told(stowage, `localhost/third@${manifest.digest}`);
    expect(isStowageError(outcome, 'NOT_FOUND')).toBe(true);
  });
});

describe('a configuration', () => {
  const prefix = 'error pulling image configuration: ';
  const configOf = (config: Descriptor): string => `GET /v2/app/blobs/${config.digest}`;

  it('is asked for five times, 250 ms apart at first and twice as long every time', async () => {
    const { config } = await putImage();
    subject.registry.instead = (request) =>
      request === configOf(config) ? refusal(503, 'UNAVAILABLE') : undefined;
    await using stowage = await open({ retry: { attempts: 1 } });
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`${prefix}download failed after attempts=6: `) as string,
    });
    expect(subject.waits.filter((wait) => [250, 500, 1000, 2000].includes(wait))).toEqual([
      250, 500, 1000, 2000,
    ]);
    await soundStore(stowage);
  });

  it('that comes at the fifth try will do', async () => {
    const { config } = await putImage();
    let failures = 4;
    subject.registry.instead = (request) => {
      if (request !== configOf(config) || failures === 0) return undefined;
      failures -= 1;
      return refusal(503, 'UNAVAILABLE');
    };
    await using stowage = await open({ retry: { attempts: 1 } });
    expect((await told(stowage, APP)).outcome).toMatchObject({ status: 'downloaded' });
    await soundStore(stowage);
  });

  it.each([
    [
      'that is refused is asked for once',
      refusal(403, 'DENIED'),
      'DENIED',
      'download failed after attempts=1: ',
    ],
    [
      'that is something else is refused',
      new Response('{}'),
      'DIGEST_MISMATCH',
      'image config verification failed for digest ',
    ],
  ] as const)('%s', async (_what, answer, code, message) => {
    const { config } = await putImage();
    subject.registry.instead = (request) =>
      request === configOf(config)
        ? new Response(answer.clone().body, { status: answer.status, headers: answer.headers })
        : undefined;
    if (code === 'DIGEST_MISMATCH') {
      const size = config.size;
      subject.registry.instead = (request) =>
        request === configOf(config) ? new Response(' '.repeat(size)) : undefined;
    }
    await using stowage = await open();
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({ code, message: expect.stringContaining(prefix + message) as string });
    expect(subject.registry.requests.filter((request) => request === configOf(config)).length).toBe(1);
    await soundStore(stowage);
  });

  it.each([
    ['without rootfs', { os: 'linux' }, 'invalid rootfs in image configuration'],
    ['with rootfs null', { os: 'linux', rootfs: null }, 'invalid rootfs in image configuration'],
    [
      'with fewer layers',
      { os: 'linux', rootfs: { type: 'layers', diff_ids: [] } },
      `layers from manifest don't match image configuration`,
    ],
  ])('%s makes no image', async (_what, config, message) => {
    await putImage({ config });
    await using stowage = await open();
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({ code: 'INVALID_MANIFEST', message });
    expect(await stowage.images()).toEqual([]);
    await soundStore(stowage);
  });

  it.each([
    [
      MEDIA_TYPES.dockerManifest,
      'application/vnd.docker.plugin.v1+json',
      'Encountered remote "application/vnd.docker.plugin.v1+json"(plugin) when fetching',
    ],
    [
      MEDIA_TYPES.dockerManifest,
      'application/x-other',
      'Encountered remote "application/x-other"(unknown) when fetching',
    ],
  ])('of %s with type %s is refused', async (mediaType, configType, message) => {
    await putImage({ mediaType, configType });
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({ code: 'UNSUPPORTED', message });
    expect(lines).toEqual([]);
  });

  it('that says that it is enormous is not asked for', async () => {
    const { manifest, config } = await putImage();
    const document = { schemaVersion: 2, mediaType: manifest.mediaType, layers: [] };
    const large = { ...config, size: 9_000_000 };
    await subject.registry.manifest('app', ['v1'], { ...document, config: large }, manifest.mediaType);
    await using stowage = await open();
    const message = `error pulling image configuration: image configuration ${config.digest} is larger than 8388608 bytes`;
    expect((await told(stowage, APP)).outcome).toMatchObject({ code: 'LIMIT_EXCEEDED', message });
    expect(subject.registry.requests).not.toContain(configOf(config));
  });

  it('of schema 2 may be of docker or of OCI; a layer of another kind is refused', async () => {
    await putImage({ mediaType: MEDIA_TYPES.dockerManifest, tag: 'v1' });
    await putImage({ mediaType: MEDIA_TYPES.dockerManifest, layerType: 'application/x-layer', tag: 'v2' });
    await using stowage = await open();
    expect((await told(stowage, APP)).outcome).toMatchObject({ status: 'downloaded' });
    expect((await told(stowage, 'localhost/app:v2')).outcome).toMatchObject({
      code: 'UNSUPPORTED',
      message: 'unsupported media type application/x-layer',
    });
  });
});
