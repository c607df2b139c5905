import { digestBytes } from '@stowage/core';
import { encodeOciLayout, isStowageError, MEDIA_TYPES } from '@stowage/types';
import type { Digest, Repository } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createLayoutRepository } from './layout-repository.ts';
import { all, content, NO_DIGEST, rejection, textOf } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Script } from '../test-support/scripted-fetch.ts';

const BASE = 'https://static.example/images/app';
const REF_NAME = 'org.opencontainers.image.ref.name';
const LAYOUT = { [`GET ${BASE}/oci-layout`]: { body: encodeOciLayout() as Uint8Array<ArrayBuffer> } };

function blobUrl(digest: string): string {
  return `GET ${BASE}/blobs/${digest.replace(':', '/')}`;
}

async function document(value: object): Promise<{ body: string; digest: Digest; size: number }> {
  const body = JSON.stringify(value);
  return { body, digest: await digestBytes(new TextEncoder().encode(body)), size: body.length };
}

const config = { mediaType: MEDIA_TYPES.ociConfig, digest: NO_DIGEST, size: 2 };
const image = await document({ schemaVersion: 2, config, layers: [] });
const entry = { mediaType: MEDIA_TYPES.ociManifest, digest: image.digest, size: image.size };
const signature = await document({
  schemaVersion: 2,
  artifactType: 'test/signature',
  config: { ...config, mediaType: MEDIA_TYPES.ociEmpty },
  layers: [],
  subject: entry,
  annotations: { by: 'ann' },
});
const signatureEntry = { mediaType: MEDIA_TYPES.ociManifest, digest: signature.digest, size: signature.size };

function index(...manifests: object[]): Script {
  return { [`GET ${BASE}/index.json`]: { json: { schemaVersion: 2, manifests } } };
}

function named(name: string, of: object = entry): object {
  return { ...of, annotations: { [REF_NAME]: name } };
}

function open(script: Script, url: string = BASE): { repository: Repository; network: ScriptedFetch } {
  const network = new ScriptedFetch(script);
  return {
    repository: createLayoutRepository({
      url,
      fetch: network.fetch,
      clock: new TestClock(),
      random: () => 1,
    }),
    network,
  };
}

const MANIFESTS = {
  [blobUrl(image.digest)]: { body: image.body },
  [blobUrl(signature.digest)]: { body: signature.body },
};

describe('createLayoutRepository', () => {
  it('has the tags that index.json names, each once', async () => {
    const { repository, network } = open({
      ...LAYOUT,
      ...index(named('v1'), entry, named('v2'), named('v1'), named('docker.io/library/app:v3')),
    });
    expect(await all(repository.tags())).toEqual(['v1', 'v2']);
    await all(repository.tags());
    expect(network.log).toEqual([
      `GET ${BASE}/oci-layout`,
      `GET ${BASE}/index.json`,
      `GET ${BASE}/index.json`,
    ]);
    expect(isStowageError(await rejection(all(repository.tags({ maxEntries: 1 }))), 'LIMIT_EXCEEDED')).toBe(
      true,
    );
  });

  it('gives manifests by tag and by digest, verified', async () => {
    const { repository } = open({ ...LAYOUT, ...index(named('v1')), ...MANIFESTS });
    for (const reference of ['v1', image.digest]) {
      const { descriptor, bytes } = await repository.manifests.get(reference);
      expect([descriptor, new TextDecoder().decode(bytes)]).toEqual([entry, image.body]);
      expect(await repository.manifests.head(reference)).toEqual(entry);
    }
    // One that index.json does not name tells by itself what it is.
    expect((await repository.manifests.get(signature.digest)).descriptor).toEqual(signatureEntry);
  });

  it('refuses other bytes than the digest names', async () => {
    const { repository } = open({
      ...LAYOUT,
      ...index(named('v1')),
      [blobUrl(image.digest)]: { body: '{}' },
    });
    expect(isStowageError(await rejection(repository.manifests.get('v1')), 'DIGEST_MISMATCH')).toBe(true);
  });

  it.each([
    ['v2', 'NOT_FOUND'],
    [NO_DIGEST, 'NOT_FOUND'],
    ['../x', 'INVALID_REFERENCE'],
    ['sha256:../x', 'INVALID_DIGEST'],
  ])('has no manifest %s', async (reference, code) => {
    const { repository } = open({ ...LAYOUT, ...index(named('v1')), [blobUrl(NO_DIGEST)]: { status: 404 } });
    const error = await rejection(repository.manifests.get(reference));
    expect(isStowageError(error) && error.code).toBe(code);
  });

  it('does not choose between two manifests of one tag', async () => {
    const { repository } = open({ ...LAYOUT, ...index(named('v1'), named('v1', signatureEntry)) });
    expect(isStowageError(await rejection(repository.manifests.get('v1')), 'AMBIGUOUS')).toBe(true);
  });

  it('gives blobs, from servers with ranges and without', async () => {
    const { bytes, digest } = await content('abcdef');
    const { repository, network } = open({
      [blobUrl(digest)]: { body: bytes },
      [blobUrl(digest).replace('GET', 'HEAD')]: { headers: { 'content-length': '6' } },
    });
    expect((await repository.blobs.stat(digest)).size).toBe(6);
    expect(await textOf(await repository.blobs.open(digest))).toBe('abcdef');
    expect(await textOf(await repository.blobs.open(digest, { offset: 4 }))).toBe('ef');
    expect(network.sent.at(-1)?.headers['range']).toBe('bytes=4-');
  });

  it('has what refers to a manifest', async () => {
    const fallback = await document({
      schemaVersion: 2,
      mediaType: MEDIA_TYPES.ociIndex,
      manifests: [
        { ...signatureEntry, artifactType: 'test/signature' },
        { ...entry, artifactType: 'test/other' },
      ],
    });
    const tag = image.digest.replace(':', '-');
    const { repository } = open({
      ...LAYOUT,
      ...index(
        named('v1'),
        signatureEntry,
        named(tag, { ...entry, mediaType: MEDIA_TYPES.ociIndex, digest: fallback.digest }),
      ),
      ...MANIFESTS,
      [blobUrl(fallback.digest)]: { body: fallback.body },
    });
    const found = { ...signatureEntry, artifactType: 'test/signature', annotations: { by: 'ann' } };
    expect(await all(repository.referrers(image.digest))).toEqual([
      found,
      { ...entry, artifactType: 'test/other' },
    ]);
    expect(await all(repository.referrers(image.digest, { artifactType: 'test/signature' }))).toEqual([
      found,
    ]);
  });

  it.each<[string, Script, string]>([
    ['is no layout', { [`GET ${BASE}/oci-layout`]: { status: 404, body: '<html>' } }, 'NOT_FOUND'],
    [
      'is of another version',
      { [`GET ${BASE}/oci-layout`]: { json: { imageLayoutVersion: '2.0.0' } } },
      'UNSUPPORTED',
    ],
    ['is a page for everything', { [`GET ${BASE}/oci-layout`]: { body: '<html>' } }, 'INVALID_MANIFEST'],
    ['has no index', { ...LAYOUT, [`GET ${BASE}/index.json`]: { status: 404 } }, 'NOT_FOUND'],
    [
      'has an index of too many bytes',
      { ...LAYOUT, [`GET ${BASE}/index.json`]: { body: ' '.repeat(4 * 1024 * 1024 + 1) } },
      'LIMIT_EXCEEDED',
    ],
    [
      'has a digest that is none',
      { ...LAYOUT, ...index(named('v1', { ...entry, digest: 'sha256:../../x' })) },
      'INVALID_MANIFEST',
    ],
  ])('fails where it %s', async (_name, script, code) => {
    const error = await rejection(all(open(script).repository.tags()));
    expect(isStowageError(error) && error.code).toBe(code);
  });

  it('tries again where that can help', async () => {
    const { repository } = open({
      ...LAYOUT,
      [`GET ${BASE}/index.json`]: [{ status: 503 }, { json: { schemaVersion: 2 } }],
    });
    expect(await all(repository.tags())).toEqual([]);
  });

  it.each(['https://a.example/x/?y', 'https://a.example/#x', 'https://user@a.example/', 'file:///x', 'x'])(
    'is not at %s',
    (url) => {
      expect(() => createLayoutRepository({ url })).toThrow(
        'a layout must be an http or https URL of a folder',
      );
    },
  );

  it('can only be read from', async () => {
    const { repository, network } = open({});
    const { manifests, blobs } = repository;
    const calls = [
      manifests.put('v1', new Uint8Array(), MEDIA_TYPES.ociManifest),
      manifests.delete('v1'),
      blobs.mount(NO_DIGEST),
      blobs.cancel({ url: BASE, offset: 0 }),
      blobs.delete(NO_DIGEST),
    ];
    for (const call of calls) {
      const error = await rejection(call);
      expect(isStowageError(error, 'UNSUPPORTED') && error.message).toBe(
        'a layout on a server can only be read from',
      );
    }
    expect(network.log).toEqual([]);
  });

  it.each([
    ['https://a.example', ''],
    ['https://a.example/images/app/', 'images/app'],
  ])('at %s is called %j unless told otherwise', (url, name) => {
    expect(createLayoutRepository({ url }).name).toBe(name);
    expect(createLayoutRepository({ url, name: 'team/app' }).name).toBe('team/app');
  });
});
