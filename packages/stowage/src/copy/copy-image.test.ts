import { MEDIA_TYPES, parseIndex } from '@stowage/types';
import type { Descriptor, Digest } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { StowageOptions } from '../stowage.ts';
import { FakeRegistry } from '../test-support/fake-registry.ts';
import { createTwoRegistries } from '../test-support/two-registries.ts';
import type { TwoRegistries } from '../test-support/two-registries.ts';
import type { CopyOptions } from './copy-types.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const ARM64 = { os: 'linux', architecture: 'arm64' };

let two: TwoRegistries;
beforeEach(async () => {
  two = await createTwoRegistries();
});
afterEach(async () => {
  await two.stowage.close();
});

/** The manifest that the target has under a name, as its digest. */
async function digestAt(reference: string): Promise<string | null> {
  const [name = '', tag = 'latest'] = reference.split(':');
  const response = await two.ask(`${name}/manifests/${tag}`);
  return response.ok ? response.headers.get('docker-content-digest') : null;
}

/** What was sent to the target: uploads and manifests. */
const writes = (): string[] => two.requests.filter((request) => !/^(GET|HEAD) /.test(request));

/** An index of two platforms in the source's registry, with an attestation of the first. */
async function pushIndex(name = 'app:v1') {
  const amd64 = await two.source.push('app:amd64', [{ base: 'b' }, { top: 'amd64' }], AMD64);
  const arm64 = await two.source.push('app:arm64', [{ base: 'b' }, { top: 'arm64' }], ARM64);
  const proof = await two.source.push('app:proof', [{ proof: 'p' }], {
    os: 'unknown',
    architecture: 'unknown',
  });
  const annotations = {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': amd64.digest,
  };
  const entries: Descriptor[] = [
    { ...amd64, platform: AMD64 },
    { ...arm64, platform: ARM64 },
    { ...proof, platform: { os: 'unknown', architecture: 'unknown' }, annotations },
  ];
  return { amd64, arm64, proof, entries, index: await two.source.pushIndex(name, entries) };
}

describe('copy', () => {
  it('brings an image over, byte for byte, and names it last', async () => {
    const manifest = await two.source.push('app:v1', [{ a: '1' }, { b: '2' }]);
    const told: string[] = [];
    const result = await two.stowage.copy('source.test/app:v1', 'target.test/team/copy:v2', {
      onProgress: ({ id, action, message }) => told.push(message ?? `${id}: ${action ?? ''}`),
    });
    expect(result).toMatchObject({
      source: 'source.test/app:v1',
      target: 'target.test/team/copy:v2',
      digest: manifest.digest,
      sourceDigest: manifest.digest,
      manifests: [{ digest: manifest.digest, status: 'sent' }],
    });
    expect(result.blobs.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
    expect(result.sentBytes).toBe(result.blobs.reduce((sum, { size }) => sum + size, 0));
    expect(await digestAt('team/copy:v2')).toBe(manifest.digest);
    expect(writes().at(-1)).toBe('PUT /v2/team/copy/manifests/v2');
    expect(told[0]).toBe('Copying source.test/app:v1 to target.test/team/copy:v2');
    expect(told.at(-1)).toBe(`Digest: ${manifest.digest}`);
    expect(told.filter((line) => line.endsWith(': Copied'))).toHaveLength(3);
    expect(await two.stowage.images()).toEqual([]);
  });

  it('sends nothing the second time', async () => {
    await pushIndex();
    await two.stowage.copy('source.test/app:v1', 'target.test/copy');
    two.requests.length = 0;
    const again = await two.stowage.copy('source.test/app:v1', 'target.test/copy');
    expect(writes()).toEqual([]);
    expect(again.sentBytes).toBe(0);
    expect(again.manifests.map(({ status }) => status)).toEqual([
      'existing',
      'existing',
      'existing',
      'existing',
    ]);
  });

  it('sends only what is new, and puts what is missing beneath an index that is there', async () => {
    const { index, arm64 } = await pushIndex();
    await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1');
    await two.ask(`copy/manifests/${arm64.digest}`, { method: 'DELETE' });
    two.requests.length = 0;
    const again = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1');
    expect(again.digest).toBe(index.digest);
    expect(writes()).toEqual([`PUT /v2/copy/manifests/${arm64.digest}`]);
    expect(new Set(again.blobs.map(({ status }) => status))).toEqual(new Set(['existing']));
  });

  it('mounts within one registry, and uploads where that is refused', async () => {
    await two.source.push('app:v1', [{ a: '1' }, { b: '2' }]);
    await two.stowage.copy('source.test/app:v1', 'target.test/one:v1');
    const mounted = await two.stowage.copy('target.test/one:v1', 'target.test/two:v1');
    expect(mounted.blobs.map(({ status }) => status)).toEqual(['mounted', 'mounted', 'mounted']);
    expect(mounted.sentBytes).toBe(0);
    two.instead = (request) =>
      request.includes('mount=')
        ? Response.json({ errors: [{ code: 'DENIED' }] }, { status: 403 })
        : undefined;
    const sent = await two.stowage.copy('target.test/one:v1', 'target.test/three:v1', { concurrency: 1 });
    expect(sent.blobs.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent']);
    // One refusal is enough.
    expect(
      two.requests.filter((request) => request.includes('/three/') && request.includes('mount=')),
    ).toHaveLength(1);
  });

  it('goes on with the upload that a registry began in place of a mount', async () => {
    await two.source.push('app:v1', [{ a: '1' }]);
    await two.stowage.copy('source.test/app:v1', 'target.test/one:v1');
    two.requests.length = 0;
    let begun = 0;
    two.instead = (request) => {
      const upload = /^POST .*mount=/.test(request);
      if (upload) begun += 1;
      return undefined;
    };
    const blobs = await two.stowage.copy('target.test/one:v1', 'target.test/two:v1');
    expect(begun).toBe(blobs.blobs.length);
  });

  it('takes a digest as source and as target', async () => {
    const { digest } = await two.source.push('app:v1', [{ a: '1' }]);
    const result = await two.stowage.copy(`source.test/app@${digest}`, `target.test/copy@${digest}`);
    expect(result.target).toBe(`target.test/copy@${digest}`);
    expect(await digestAt('copy')).toBeNull();
    expect((await two.ask(`copy/manifests/${digest}`)).status).toBe(200);
    await two.stowage.copy('source.test/app:v1', `target.test/copy:v7@${digest}`);
    expect(await digestAt('copy:v7')).toBe(digest);
    const other = `sha256:${'a'.repeat(64)}` as Digest;
    two.requests.length = 0;
    await expect(two.stowage.copy('source.test/app:v1', `target.test/other@${other}`)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot name') as string,
    });
    expect(writes()).toEqual([]);
  });

  it('says what is not there', async () => {
    await expect(two.stowage.copy('source.test/none:v1', 'target.test/copy:v1')).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await expect(
      two.stowage.copy('source.test/none:v1', 'target.test/copy:v1', { concurrency: 0 }),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('is ended by its signal, and names nothing', async () => {
    await two.source.push('app:v1', [{ a: '1' }, { b: '2' }]);
    const controller = new AbortController();
    const reason = new Error('enough');
    two.instead = (request) => {
      if (request.startsWith('POST ')) controller.abort(reason);
      return undefined;
    };
    const { signal } = controller;
    await expect(two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', { signal })).rejects.toBe(
      reason,
    );
    expect(writes().filter((request) => request.includes('/manifests/'))).toEqual([]);
  });

  it('names nothing where a blob is not what it should be', async () => {
    await two.source.push('app:v1', [{ a: '1' }]);
    two.instead = (request, { hostname }) =>
      hostname === 'source.test' && /^GET .*\/blobs\//.test(request)
        ? new Response('another blob')
        : undefined;
    await expect(two.stowage.copy('source.test/app:v1', 'target.test/copy:v1')).rejects.toMatchObject({
      code: expect.stringMatching(/^(SIZE|DIGEST)_MISMATCH$/) as string,
    });
    expect(await digestAt('copy:v1')).toBeNull();
  });

  it('refuses a blob that the target has in another size', async () => {
    const { digest } = await two.source.push('app:v1', [{ a: '1' }]);
    await two.stowage.copy('source.test/app:v1', 'target.test/one:v1');
    const text = await (await two.ask(`one/manifests/${digest}`)).text();
    const lie = text.replace(/("size":)(\d+)/, '$11$2');
    await two.source.fetch('http://source.test/v2/app/manifests/lie', {
      method: 'PUT',
      body: lie,
      headers: { 'content-type': MEDIA_TYPES.ociManifest },
    });
    await expect(two.stowage.copy('source.test/app:lie', 'target.test/one:lie')).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
    expect(await digestAt('one:lie')).toBeNull();
  });
});

describe('copy of an index', () => {
  it('brings everything over', async () => {
    const { index, entries } = await pushIndex();
    const result = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1');
    expect(result.digest).toBe(index.digest);
    expect(result.manifests.map(({ digest }) => digest)).toEqual([
      ...entries.map(({ digest }) => digest),
      index.digest,
    ]);
    // The base layer is one blob of both.
    expect(new Set(result.blobs.map(({ digest }) => digest)).size).toBe(result.blobs.length);
  });

  it('leaves out what is for other platforms, and says so by its digest', async () => {
    const { index, amd64, proof } = await pushIndex();
    const result = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', {
      platforms: ['linux/amd64'],
    });
    expect(result.sourceDigest).toBe(index.digest);
    expect(result.digest).not.toBe(index.digest);
    const bytes = new Uint8Array(await (await two.ask('copy/manifests/v1')).arrayBuffer());
    expect(parseIndex(bytes).manifests.map(({ digest }) => digest)).toEqual([amd64.digest, proof.digest]);
    const again = await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', {
      platforms: [AMD64],
      referrers: true,
    });
    expect(again.digest).toBe(result.digest);
    expect(again.sentBytes).toBe(0);
  });

  it('is the same index where nothing is left out', async () => {
    const { index } = await pushIndex();
    const platforms = ['linux/amd64', 'linux/arm64'];
    expect((await two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', { platforms })).digest).toBe(
      index.digest,
    );
    expect(
      (await two.stowage.copy('source.test/app:v1', 'target.test/all:v1', { platforms: [] })).digest,
    ).toBe(index.digest);
  });

  it('finds images in indexes within it', async () => {
    const { index, amd64 } = await pushIndex();
    const arm64 = await two.source.push('app:other', [{ only: 'arm' }], ARM64);
    const inner = await two.source.pushIndex('app:inner', [arm64]);
    await two.source.pushIndex('app:outer', [
      { ...index, platform: AMD64 },
      { ...inner, platform: ARM64 },
    ]);
    const whole = await two.stowage.copy('source.test/app:outer', 'target.test/copy:outer');
    expect(whole.manifests).toHaveLength(7);
    const trimmed = await two.stowage.copy('source.test/app:outer', 'target.test/copy:amd64', {
      platforms: ['linux/amd64'],
    });
    const bytes = new Uint8Array(await (await two.ask('copy/manifests/amd64')).arrayBuffer());
    const [entry] = parseIndex(bytes).manifests;
    expect(entry?.digest).not.toBe(index.digest);
    expect(trimmed.manifests.map(({ digest }) => digest)).toEqual([
      amd64.digest,
      expect.any(String),
      entry?.digest,
      trimmed.digest,
    ]);
  });

  it('refuses a platform that it has not', async () => {
    await pushIndex();
    const copy = two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', {
      platforms: ['linux/s390x'],
    });
    await expect(copy).rejects.toMatchObject({ code: 'PLATFORM_MISMATCH' });
    expect(two.requests).toEqual([]);
  });

  it('has limits: manifests, and how deep they lie', async () => {
    await pushIndex();
    await expect(
      two.stowage.copy('source.test/app:v1', 'target.test/copy:v1', { maxManifests: 3 }),
    ).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    let inner = await two.source.push('app:0', [{ a: '1' }]);
    for (let depth = 1; depth <= 6; depth += 1)
      inner = await two.source.pushIndex(`app:${String(depth)}`, [inner]);
    await expect(two.stowage.copy('source.test/app:6', 'target.test/copy:v1')).rejects.toMatchObject({
      code: 'LIMIT_EXCEEDED',
    });
    expect(writes()).toEqual([]);
  });

  it('refuses manifests of another size, and of types that are not known', async () => {
    const { entries } = await pushIndex();
    await two.source.pushIndex(
      'app:size',
      entries.map((entry) => ({ ...entry, size: entry.size + 1 })),
    );
    await expect(two.stowage.copy('source.test/app:size', 'target.test/copy:v1')).rejects.toMatchObject({
      code: 'SIZE_MISMATCH',
    });
    two.instead = (request) =>
      request.startsWith('GET /v2/app/manifests/odd')
        ? new Response('odd', { headers: { 'content-type': 'application/vnd.example' } })
        : undefined;
    await expect(two.stowage.copy('source.test/app:odd', 'target.test/copy:v1')).rejects.toMatchObject({
      code: 'UNSUPPORTED',
    });
  });
});

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
