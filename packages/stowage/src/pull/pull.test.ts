import { createMemoryStorage } from '@stowage/storage';
import { isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Clock, Descriptor, Platform, ProgressSnapshot } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { PullOptions, Stowage, StowageOptions } from '../stowage.ts';
import { FakeRegistry, refusal } from '../test-support/fake-registry.ts';

const AMD64: Platform = { os: 'linux', architecture: 'amd64' };
const APP = 'localhost/app:v1';

let registry: FakeRegistry;
/** What was waited for, milliseconds; no time passes. */
let waits: number[];
const clock: Clock = {
  now: () => 0,
  sleep: (milliseconds, options) => {
    options?.signal?.throwIfAborted();
    // Requests never time out here.
    if (milliseconds >= 15_000) return new Promise(() => undefined);
    waits.push(milliseconds);
    return Promise.resolve();
  },
};
beforeEach(() => {
  registry = new FakeRegistry();
  waits = [];
});

function open(options: StowageOptions = {}): Promise<Stowage> {
  return openStowage({ fetch: (url, init) => registry.fetch(url, init), clock, random: () => 0, ...options });
}

/** A pull that tells what was said: `id: words`, in order, numbers left out. */
async function told(stowage: Stowage, reference: string, options: PullOptions = {}) {
  const lines: string[] = [];
  const onProgress: PullOptions['onProgress'] = ({ id, action, message }) => {
    const line = `${id}: ${message ?? action ?? ''}`;
    if (lines.at(-1) !== line) lines.push(line);
  };
  const outcome: unknown = await stowage
    .pull(reference, { platform: AMD64, ...options, onProgress })
    .catch((error: unknown) => error);
  return { lines, outcome };
}

interface ImageShape {
  readonly tag?: string;
  readonly repository?: string;
  readonly mediaType?: string;
  readonly platform?: Platform;
  readonly configType?: string;
  readonly layerType?: string;
  readonly config?: object | string;
  readonly urls?: readonly string[];
}

/** Puts an image of two layers into the registry, of any shape. */
async function putImage(shape: ImageShape = {}) {
  const { tag = 'v1', repository = 'app', mediaType = MEDIA_TYPES.ociManifest, urls } = shape;
  const { layerType = MEDIA_TYPES.ociLayer, configType = MEDIA_TYPES.ociConfig, platform = AMD64 } = shape;
  const layers: Descriptor[] = [];
  for (const files of [{ base: `of ${tag}` }, { top: `of ${tag} ${platform.architecture}` }]) {
    layers.push({
      ...(await registry.layer(repository, files, layerType)),
      ...(urls === undefined ? {} : { urls }),
    });
  }
  const rootfs = { type: 'layers', diff_ids: layers.map(({ digest }) => digest) };
  const document = shape.config ?? { ...platform, rootfs };
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const config = await registry.blob(repository, text, configType);
  const manifest = await registry.manifest(
    repository,
    [tag],
    { schemaVersion: 2, mediaType, config, layers },
    mediaType,
  );
  return { manifest, config, layers };
}

const soundStore = async (stowage: Stowage): Promise<void> => {
  expect((await stowage.check()).problems).toEqual([]);
  // Layers that broke off are gone on with; anything else is fetched anew.
  for await (const { ref } of stowage.content.ingests()) expect(ref).toMatch(/^layer-/);
};

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
    registry.instead = (request) =>
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
    registry.instead = (request) => {
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
    registry.instead = (request) =>
      request.includes('/manifests/') ? refusal(404, 'MANIFEST_UNKNOWN') : undefined;
    await using stowage = await open();
    const { outcome } = await told(stowage, `localhost/app:v1@${manifest.digest}`);
    expect(outcome).toMatchObject({
      code: 'NOT_FOUND',
      message: `manifest for localhost/app:v1@${manifest.digest} not found: manifest unknown: says the registry`,
    });
    expect(registry.requests.some((request) => request.endsWith('/v1'))).toBe(false);
  });

  it('that is here costs a HEAD where another repository is said to have it by digest', async () => {
    const { manifest } = await putImage();
    const other = await putImage({ repository: 'other' });
    expect(other.manifest.digest).toBe(manifest.digest);
    await using stowage = await open();
    await told(stowage, APP);
    registry.requests.length = 0;
    await told(stowage, `localhost/app@${manifest.digest}`);
    expect(registry.requests).toEqual([]);
    await told(stowage, `localhost/other@${manifest.digest}`);
    expect(registry.requests).toEqual([`HEAD /v2/other/manifests/${manifest.digest}`]);
    expect((await stowage.content.info(manifest.digest)).labels).toEqual({
      'containerd.io/distribution.source.localhost': 'app,other',
    });
    registry.instead = (request) =>
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
    registry.instead = (request) => (request === configOf(config) ? refusal(503, 'UNAVAILABLE') : undefined);
    await using stowage = await open({ retry: { attempts: 1 } });
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining(`${prefix}download failed after attempts=6: `) as string,
    });
    expect(waits.filter((wait) => [250, 500, 1000, 2000].includes(wait))).toEqual([250, 500, 1000, 2000]);
    await soundStore(stowage);
  });

  it('that comes at the fifth try will do', async () => {
    const { config } = await putImage();
    let failures = 4;
    registry.instead = (request) => {
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
    registry.instead = (request) =>
      request === configOf(config)
        ? new Response(answer.clone().body, { status: answer.status, headers: answer.headers })
        : undefined;
    if (code === 'DIGEST_MISMATCH') {
      const size = config.size;
      registry.instead = (request) =>
        request === configOf(config) ? new Response(' '.repeat(size)) : undefined;
    }
    await using stowage = await open();
    const { outcome } = await told(stowage, APP);
    expect(outcome).toMatchObject({ code, message: expect.stringContaining(prefix + message) as string });
    expect(registry.requests.filter((request) => request === configOf(config)).length).toBe(1);
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

describe('an index', () => {
  const put = async (entries: readonly object[], type: string = MEDIA_TYPES.ociIndex): Promise<Descriptor> =>
    registry.manifest('app', ['multi'], { schemaVersion: 2, mediaType: type, manifests: entries }, type);
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
    expect(registry.requests.some((request) => request.includes(attestation.digest))).toBe(false);
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
    const { fetch } = registry;
    const fromElsewhere = (url: string): Promise<Response> => {
      asked.push(url);
      if (url.endsWith('/a')) return Promise.resolve(new Response('gone', { status: 404 }));
      const layer = layers[asked.length / 2 - 1];
      return fetch(`https://layers.example/v2/app/blobs/${layer?.digest ?? ''}`);
    };
    registry.instead = (request, { host }) =>
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
    registry.instead = (request) =>
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
    registry.instead = (request) =>
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
    registry.instead = (request, { host }) =>
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
    registry.instead = (_request, { host }) => {
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
