import { digestBytes } from '@stowage/core';
import { MEDIA_TYPES } from '@stowage/types';
import type { Digest } from '@stowage/types';
import { beforeEach, describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import type { Stowage, StowageOptions } from '../stowage.ts';
import { FakeRegistry } from '../test-support/fake-registry.ts';

const AMD64 = { os: 'linux', architecture: 'amd64' };
const OLD = 'localhost/old:v1';
const SIGNED = MEDIA_TYPES.dockerSchema1Signed;
const encoder = new TextEncoder();
const idOf = (name: string): string => name.repeat(64);

let registry: FakeRegistry;
beforeEach(() => {
  registry = new FakeRegistry();
});

function open(options: StowageOptions = {}): Promise<Stowage> {
  return openStowage({ fetch: (url, init) => registry.fetch(url, init), ...options });
}

interface Step {
  readonly id: string;
  readonly parent?: string;
  readonly throwaway?: boolean;
  readonly command?: string;
}

/** Puts a manifest of schema 1 into the registry, its steps top first as they stand in it. */
async function putSigned(steps: readonly Step[], change: object = {}, repository = 'old') {
  const layers: Digest[] = [];
  for (const { id } of steps) {
    layers.push((await registry.layer(repository, { [id]: `of ${id}` }, MEDIA_TYPES.dockerLayer)).digest);
  }
  const v1 = ({ id, parent, throwaway, command = `make ${id}` }: Step): string =>
    JSON.stringify({
      id: idOf(id),
      ...(parent === undefined ? {} : { parent: idOf(parent) }),
      created: '2015-08-06T23:53:22.608577814Z',
      docker_version: '1.9.1',
      architecture: 'amd64',
      os: 'linux',
      container_config: { Cmd: [command] },
      ...(throwaway === true ? { throwaway } : {}),
    });
  const document = {
    ...{ schemaVersion: 1, name: repository, tag: 'v1', architecture: 'amd64' },
    fsLayers: layers.map((blobSum) => ({ blobSum })),
    history: steps.map((step) => ({ v1Compatibility: v1(step) })),
    ...change,
  };
  const canonical = JSON.stringify(document, undefined, 3);
  const head = canonical.slice(0, -2);
  const base64 = (text: string): string => btoa(text).replace(/=+$/, '');
  const format = base64(JSON.stringify({ formatLength: head.length, formatTail: base64('\n}') }));
  const signed = `${head},\n   "signatures": [{"protected":"${format}"}]\n}`;
  const digest = await digestBytes(encoder.encode(canonical));
  await registry.manifest(repository, ['v1'], signed, SIGNED, digest);
  return { layers, digest, canonical, signed };
}

async function told(stowage: Stowage, reference: string) {
  const lines: string[] = [];
  const outcome: unknown = await stowage
    .pull(reference, {
      platform: AMD64,
      onProgress: ({ id, action, message }) => lines.push(`${id}: ${message ?? action ?? ''}`),
    })
    .catch((error: unknown) => error);
  return { lines, outcome };
}

const CHAIN: readonly Step[] = [
  { id: 'c', parent: 'b' },
  { id: 'b', parent: 'a', throwaway: true },
  { id: 'a' },
];

describe('a manifest of schema 1', () => {
  it('becomes an image with a configuration made of its history', async () => {
    const { layers, digest } = await putSigned(CHAIN);
    await using stowage = await open();
    const { lines, outcome } = await told(stowage, OLD);
    expect(outcome).toMatchObject({ digest, status: 'downloaded', platform: AMD64 });
    expect(lines.slice(-2)).toEqual([`: Digest: ${digest}`, `: Status: Downloaded newer image for ${OLD}`]);
    const { id, history, rootfs } = await stowage.inspect(OLD);
    // Uncompressed layers: their digests are their DiffIDs.
    expect(rootfs.diff_ids).toEqual([layers[2], layers[0]]);
    expect(history.map(({ created_by, empty_layer }) => [created_by, empty_layer])).toEqual([
      ['make a', undefined],
      ['make b', true],
      ['make c', undefined],
    ]);
    const config =
      '{"architecture":"amd64","container_config":{"Cmd":["make c"]},"created":"2015-08-06T23:53:22.608577814Z",' +
      '"docker_version":"1.9.1","history":[' +
      '{"created":"2015-08-06T23:53:22.608577814Z","created_by":"make a"},' +
      '{"created":"2015-08-06T23:53:22.608577814Z","created_by":"make b","empty_layer":true},' +
      '{"created":"2015-08-06T23:53:22.608577814Z","created_by":"make c"}],"os":"linux",' +
      `"rootfs":{"type":"layers","diff_ids":["${String(layers[2])}","${String(layers[0])}"]}}`;
    const bytes = await stowage.content.read(id, { maxBytes: 10_000 });
    expect(new TextDecoder().decode(bytes)).toBe(config);
    expect(registry.requests.some((request) => request.includes(String(layers[1])))).toBe(false);
    expect((await stowage.check()).problems).toEqual([]);
  });

  it('is up to date the second time, for one HEAD', async () => {
    const { digest, canonical } = await putSigned(CHAIN);
    await using stowage = await open();
    const first = (await told(stowage, OLD)).outcome;
    registry.requests.length = 0;
    const { lines, outcome } = await told(stowage, OLD);
    expect(outcome).toEqual({ ...(first as object), status: 'up-to-date' });
    expect(lines.filter((line) => line.endsWith('Already exists')).length).toBe(2);
    expect(registry.requests).toEqual(['HEAD /v2/old/manifests/v1']);
    // What was signed is what is kept: it is what the digest is of.
    expect(new TextDecoder().decode(await stowage.content.read(digest, { maxBytes: 10_000 }))).toBe(
      canonical,
    );
    await stowage.gc();
    expect((await stowage.check()).problems).toEqual([]);
    expect((await told(stowage, `localhost/old@${digest}`)).outcome).toMatchObject({ digest });
  });

  it('is what it is in a list too, with a notice', async () => {
    const { digest, signed } = await putSigned(CHAIN);
    const entry = { mediaType: SIGNED, digest, size: signed.length, platform: AMD64 };
    const list = { schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifestList, manifests: [entry] };
    await registry.manifest('old', ['list'], list, MEDIA_TYPES.dockerManifestList);
    await using stowage = await open();
    const { lines } = await told(stowage, 'localhost/old:list');
    expect(lines[1]).toBe(
      ': [DEPRECATION NOTICE] v2 schema1 manifests in manifest lists are not supported and will break in a future ' +
        'release. Suggest author of localhost/old:list to upgrade to v2 schema2. More information at ' +
        'https://docs.docker.com/registry/spec/deprecated-schema-v1/',
    );
  });

  it('is deplored where it is from Docker Hub', async () => {
    await putSigned(CHAIN, {}, 'library/old');
    await using stowage = await open();
    expect((await told(stowage, 'old:v1')).lines.slice(0, 2)).toEqual([
      'v1: Pulling from library/old',
      ': Image old:v1 uses outdated schema1 manifest format. Please upgrade to a schema2 image for better future ' +
        'compatibility. More information at https://docs.docker.com/registry/spec/deprecated-schema-v1/',
    ]);
  });

  it('loses layers that follow themselves, and downloads a blob that it has twice once', async () => {
    const { layers } = await putSigned([{ id: 'b', parent: 'a' }, { id: 'b', parent: 'a' }, { id: 'a' }]);
    await using stowage = await open();
    await told(stowage, OLD);
    expect((await stowage.inspect(OLD)).rootfs.diff_ids).toEqual([layers[2], layers[0]]);
    const twice = await putSigned([{ id: 'd', parent: 'c' }, { id: 'c', parent: 'e' }, { id: 'e' }], {
      fsLayers: [layers[0], layers[2], layers[0]].map((blobSum) => ({ blobSum })),
    });
    registry.requests.length = 0;
    await told(stowage, OLD);
    expect((await stowage.inspect(OLD)).digests).toEqual([`localhost/old@${twice.digest}`]);
    expect(
      registry.requests.filter((request) => request.startsWith('GET') && request.includes('/blobs/')),
    ).toEqual([]);
  });
});

describe('a manifest of schema 1 is refused', () => {
  it.each<[string, readonly Step[], object, string]>([
    ['of another version', CHAIN, { schemaVersion: 3 }, `unsupported schema version 3 for "${OLD}"`],
    ['without layers', [], {}, `no FSLayers in manifest for "${OLD}"`],
    [
      'with less history than layers',
      CHAIN,
      { history: [] },
      `length of history not equal to number of layers for "${OLD}"`,
    ],
    [
      'with a base that has a parent',
      [{ id: 'a', parent: 'b' }],
      {},
      'invalid parent ID in the base layer of the image',
    ],
    [
      'with a broken chain',
      [{ id: 'c', parent: 'a' }, { id: 'b', parent: 'a' }, { id: 'a' }],
      {},
      `invalid parent ID. Expected ${idOf('b')}, got ${idOf('a')}`,
    ],
    [
      'with an ID twice',
      [{ id: 'a', parent: 'b' }, { id: 'b', parent: 'a' }, { id: 'a' }],
      {},
      `ID ${idOf('a')} appears multiple times in manifest`,
    ],
    ['with a malformed ID', [{ id: 'x' }], {}, `image ID "${idOf('x')}" is invalid`],
  ])('%s', async (_what, steps, change, message) => {
    await putSigned(steps, change);
    await using stowage = await open();
    expect((await told(stowage, OLD)).outcome).toMatchObject({ code: 'INVALID_MANIFEST', message });
    expect(await stowage.images()).toEqual([]);
    expect((await stowage.check()).problems).toEqual([]);
  });

  it('where nothing older than schema 2 is wanted', async () => {
    await putSigned(CHAIN);
    await using stowage = await open({ requireSchema2: true });
    const message = 'invalid manifest: not schema2';
    expect((await told(stowage, OLD)).outcome).toMatchObject({ code: 'INVALID_MANIFEST', message });
  });

  it('for another operating system', async () => {
    await putSigned(CHAIN);
    await using stowage = await open();
    const pull = stowage.pull(OLD, { platform: { os: 'windows', architecture: 'amd64' } });
    await expect(pull).rejects.toMatchObject({
      code: 'PLATFORM_MISMATCH',
      message: 'cannot download image with operating system "linux" when requesting "windows"',
    });
  });

  it('without signatures, and with other content than its digest is of', async () => {
    const { canonical, digest } = await putSigned(CHAIN);
    await registry.manifest('old', ['v1'], canonical, SIGNED);
    await using stowage = await open();
    expect((await told(stowage, OLD)).outcome).toMatchObject({ message: 'missing signature key' });
    await registry.manifest('old', [], canonical.replace('make c', 'make d'), SIGNED, digest);
    expect((await told(stowage, `localhost/old@${digest}`)).outcome).toMatchObject({
      code: 'DIGEST_MISMATCH',
      message: `image verification failed for digest ${digest}`,
    });
  });
});
