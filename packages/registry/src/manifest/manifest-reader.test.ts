import { digestBytes } from '@stowage/core';
import { isRegistryError, isStowageError, MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { content, NO_DIGEST, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import type { Reply } from '../test-support/scripted-fetch.ts';

const MANIFESTS = `${REGISTRY}/v2/team/app/manifests`;
const CONFIG = { mediaType: MEDIA_TYPES.ociConfig, digest: NO_DIGEST, size: 2 };
const OCI = JSON.stringify({ schemaVersion: 2, config: CONFIG, layers: [] });
const OCI_NAMED = JSON.stringify({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.ociManifest,
  config: CONFIG,
  layers: [],
});
const INDEX = JSON.stringify({ schemaVersion: 2, manifests: [] });
const DOCKER = JSON.stringify({
  schemaVersion: 2,
  mediaType: MEDIA_TYPES.dockerManifest,
  config: CONFIG,
  layers: [],
});
const SCHEMA1 = JSON.stringify({ schemaVersion: 1, fsLayers: [], history: [] });

function manifest(body: string, contentType?: string): Reply {
  return { body, headers: contentType === undefined ? {} : { 'content-type': contentType } };
}

describe('manifests.get', () => {
  it('verifies a manifest that is asked for by digest', async () => {
    const { bytes, digest } = await content(OCI);
    const { repository, network } = scripted({
      [`GET ${MANIFESTS}/${digest}`]: manifest(OCI, MEDIA_TYPES.ociManifest),
    });
    expect(await repository.manifests.get(digest)).toEqual({
      descriptor: { mediaType: MEDIA_TYPES.ociManifest, digest, size: bytes.byteLength },
      bytes,
    });
    expect(network.sent.at(-1)?.headers['accept']).toBe(
      [
        'application/vnd.oci.image.index.v1+json',
        'application/vnd.oci.image.manifest.v1+json',
        'application/vnd.docker.distribution.manifest.list.v2+json',
        'application/vnd.docker.distribution.manifest.v2+json',
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
        'application/vnd.docker.distribution.manifest.v1+json',
        'application/json',
      ].join(', '),
    );
  });

  it('verifies by the algorithm of the digest', async () => {
    const { bytes } = await content(OCI);
    const digest = await digestBytes(bytes, 'sha512');
    const reply = manifest(OCI, MEDIA_TYPES.ociManifest);
    const { repository } = scripted({ [`GET ${MANIFESTS}/${digest}`]: reply });
    expect((await repository.manifests.get(digest)).descriptor.digest).toBe(digest);
  });

  it('refuses other bytes than the digest names, whatever the headers say', async () => {
    const reply = { body: OCI, headers: { 'docker-content-digest': NO_DIGEST } };
    const { repository } = scripted({ [`GET ${MANIFESTS}/${NO_DIGEST}`]: reply });
    const error = await rejection(repository.manifests.get(NO_DIGEST));
    expect(isStowageError(error, 'DIGEST_MISMATCH') && error.message).toBe(
      `manifest verification failed for digest ${NO_DIGEST}`,
    );
  });

  it.each([undefined, 'nonsense', 'sha256:../../x'])(
    'computes the digest of a manifest that is asked for by tag, where the header says %j',
    async (named) => {
      const { digest } = await content(OCI);
      const reply = { body: OCI, headers: named === undefined ? {} : { 'docker-content-digest': named } };
      const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: reply });
      expect((await repository.manifests.get('v1')).descriptor.digest).toBe(digest);
    },
  );

  it('refuses a digest in the header that is of something else', async () => {
    const { bytes, digest } = await content(OCI);
    const named = (header: string): Reply => ({ body: OCI, headers: { 'docker-content-digest': header } });
    const script = [named(await digestBytes(bytes, 'sha512')), named(`sha512:${'0'.repeat(128)}`)];
    const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: [...script, named(NO_DIGEST)] });
    expect((await repository.manifests.get('v1')).descriptor.digest).toBe(digest);
    const errors = [
      await rejection(repository.manifests.get('v1')),
      await rejection(repository.manifests.get('v1')),
    ];
    expect(errors.map((error) => isStowageError(error, 'DIGEST_MISMATCH') && error.message)).toEqual([
      `registry names the manifest sha512:${'0'.repeat(128)}, but sent ${digest}`,
      `registry names the manifest ${NO_DIGEST}, but sent ${digest}`,
    ]);
  });

  it('takes no page for people for a manifest', async () => {
    const { repository } = scripted({
      [`GET ${MANIFESTS}/v1`]: manifest('<html>', 'text/html; charset=utf-8'),
    });
    expect(isStowageError(await rejection(repository.manifests.get('v1')), 'INVALID_MANIFEST')).toBe(true);
  });

  it('goes by what was signed of a manifest of schema 1', async () => {
    const base64 = (value: unknown): string => btoa(JSON.stringify(value)).replace(/=+$/, '');
    const start = '{"schemaVersion":1,"name":"a","tag":"b","fsLayers":[],"history":[]';
    const { digest } = await content(`${start}}`);
    const format = base64({ formatLength: start.length, formatTail: btoa('}').replace(/=+$/, '') });
    const body = `${start},"signatures":[{"protected":"${format}"}]}`;
    const headers = {
      'content-type': MEDIA_TYPES.dockerSchema1Signed,
      'docker-content-digest': digest,
    };
    const { repository } = scripted({
      [`GET ${MANIFESTS}/v1`]: { body, headers },
      [`GET ${MANIFESTS}/${digest}`]: { body, headers },
    });
    for (const reference of ['v1', digest]) {
      const { descriptor } = await repository.manifests.get(reference);
      expect([descriptor.digest, descriptor.size]).toEqual([digest, body.length]);
    }
  });

  it.each<[string, string | undefined, string]>([
    [OCI, 'Application/VND.oci.image.manifest.v1+json; charset=utf-8', MEDIA_TYPES.ociManifest],
    [INDEX, MEDIA_TYPES.ociIndex, MEDIA_TYPES.ociIndex],
    [OCI, 'application/json', MEDIA_TYPES.ociManifest],
    [INDEX, 'text/plain; charset=utf-8', MEDIA_TYPES.ociIndex],
    [DOCKER, 'application/octet-stream', MEDIA_TYPES.dockerManifest],
    [DOCKER, undefined, MEDIA_TYPES.dockerManifest],
    [SCHEMA1, 'application/json', MEDIA_TYPES.dockerSchema1],
    [SCHEMA1, MEDIA_TYPES.dockerSchema1Signed, MEDIA_TYPES.dockerSchema1Signed],
    ['no json', 'application/x-other', 'application/x-other'],
  ])('tells the type: %#', async (body, contentType, mediaType) => {
    const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: manifest(body, contentType) });
    expect((await repository.manifests.get('v1')).descriptor.mediaType).toBe(mediaType);
  });

  it.each<[string, string | undefined]>([
    [INDEX, MEDIA_TYPES.ociManifest],
    [OCI, MEDIA_TYPES.ociIndex],
    [DOCKER, MEDIA_TYPES.ociManifest],
    [OCI_NAMED, MEDIA_TYPES.dockerManifest],
    [OCI, MEDIA_TYPES.dockerManifest],
    [
      JSON.stringify({ schemaVersion: 2, config: CONFIG, layers: [], manifests: [] }),
      MEDIA_TYPES.ociManifest,
    ],
    [JSON.stringify({ schemaVersion: 2, config: CONFIG, layers: [], manifests: [] }), 'application/json'],
    [INDEX, MEDIA_TYPES.dockerSchema1Signed],
    [DOCKER, 'application/x-other'],
    ['{', 'application/json'],
    ['', undefined],
  ])('refuses a document that is not what it claims: %#', async (body, contentType) => {
    const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: manifest(body, contentType) });
    expect(isStowageError(await rejection(repository.manifests.get('v1')), 'INVALID_MANIFEST')).toBe(true);
  });

  it('accepts 4 MiB and not a byte more, announced or not', async () => {
    const body = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size).fill(0x20);
    const limit = 4 * 1024 * 1024;
    const attempt = async (reply: Reply): Promise<unknown> => {
      const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: reply });
      return await rejection(repository.manifests.get('v1'));
    };
    const headers = { 'content-type': 'application/x-other' };
    const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: { body: body(limit), headers } });
    expect((await repository.manifests.get('v1')).descriptor.size).toBe(limit);
    expect(isStowageError(await attempt({ body: body(limit + 1), headers }), 'LIMIT_EXCEEDED')).toBe(true);
    const announced = { ...headers, 'content-length': String(limit + 1) };
    let pulled = false;
    const untouched = new ReadableStream<Uint8Array>(
      {
        pull(): void {
          pulled = true;
        },
      },
      { highWaterMark: 0 },
    );
    expect(isStowageError(await attempt({ body: untouched, headers: announced }), 'LIMIT_EXCEEDED')).toBe(
      true,
    );
    expect(pulled).toBe(false);
  });

  it('words a missing manifest as docker does', async () => {
    const list = [{ code: 'MANIFEST_UNKNOWN', message: 'manifest unknown', detail: { Tag: 'v1' } }];
    const { repository } = scripted({ [`GET ${MANIFESTS}/v1`]: { status: 404, json: { errors: list } } });
    const error = await rejection(repository.manifests.get('v1'));
    expect(isRegistryError(error) && [error.code, error.message]).toEqual([
      'NOT_FOUND',
      'manifest unknown: manifest unknown',
    ]);
  });

  it.each([
    '',
    '../x',
    'a/b',
    '.hidden',
    'a'.repeat(129),
    'a?b',
    'a#b',
    '%2e',
    'v1\n',
    'sha256:abc',
    'sha256:../../x',
  ])('sends nothing for the reference %j', async (reference) => {
    const { repository, network } = scripted({});
    for (const call of [repository.manifests.get(reference), repository.manifests.head(reference)]) {
      const error = await rejection(call);
      expect(isStowageError(error) && error.code.startsWith('INVALID_')).toBe(true);
    }
    expect(network.log).toEqual([]);
  });

  it('sends the request again when the body breaks off', async () => {
    const broken = new ReadableStream<Uint8Array>({
      pull(controller): void {
        controller.error(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    });
    const { digest } = await content(OCI);
    const short = { body: OCI.slice(1), headers: { 'content-length': String(OCI.length) } };
    const { repository, clock } = scripted({
      [`GET ${MANIFESTS}/v1`]: [{ body: broken }, short, { body: OCI }],
    });
    expect((await repository.manifests.get('v1')).descriptor.digest).toBe(digest);
    expect(clock.slept).toEqual([500, 1000]);
  });
});

describe('manifests.head', () => {
  const headers = {
    'content-type': `${MEDIA_TYPES.ociManifest}; charset=utf-8`,
    'content-length': '123',
    'docker-content-digest': NO_DIGEST,
  };

  it.each(['v1', NO_DIGEST])('takes the headers of %s at their word', async (reference) => {
    const { repository, network } = scripted({ [`HEAD ${MANIFESTS}/${reference}`]: { headers } });
    expect(await repository.manifests.head(reference)).toEqual({
      mediaType: MEDIA_TYPES.ociManifest,
      digest: NO_DIGEST,
      size: 123,
    });
    expect(network.log).toEqual([`HEAD ${MANIFESTS}/${reference}`]);
    expect(network.sent.at(-1)?.headers['accept']).toContain(MEDIA_TYPES.ociIndex);
  });

  it.each<[string, Reply]>([
    ['no digest', { headers: { ...headers, 'docker-content-digest': '' } }],
    ['a digest that is none', { headers: { ...headers, 'docker-content-digest': 'sha256:../..' } }],
    ['no length', { headers: { ...headers, 'content-length': '' } }],
    ['a length of nothing', { headers: { ...headers, 'content-length': '0' } }],
    ['a length that cannot be', { headers: { ...headers, 'content-length': '9223372036854775807' } }],
    ['a type that says nothing', { headers: { ...headers, 'content-type': 'application/json' } }],
    ['405', { status: 405 }],
    ['503', { status: 503 }],
  ])('asks by GET after %s', async (_name, reply) => {
    const { digest } = await content(OCI);
    const { repository, network, clock } = scripted({
      [`HEAD ${MANIFESTS}/v1`]: reply,
      [`GET ${MANIFESTS}/v1`]: { body: OCI },
    });
    expect((await repository.manifests.head('v1')).digest).toBe(digest);
    expect(network.log).toEqual([`HEAD ${MANIFESTS}/v1`, `GET ${MANIFESTS}/v1`]);
    expect(clock.slept).toEqual([]);
  });

  it('asks by GET when another digest comes back than was asked for', async () => {
    const { digest } = await content(OCI);
    const { repository } = scripted({
      [`HEAD ${MANIFESTS}/${digest}`]: { headers },
      [`GET ${MANIFESTS}/${digest}`]: { body: OCI },
    });
    expect((await repository.manifests.head(digest)).size).toBe(OCI.length);
  });

  it('takes 404 at its word', async () => {
    const { repository, network } = scripted({ [`HEAD ${MANIFESTS}/v1`]: { status: 404 } });
    const error = await rejection(repository.manifests.head('v1'));
    expect(isStowageError(error, 'NOT_FOUND') && error.message).toBe('manifest unknown');
    expect(network.log).toEqual([`HEAD ${MANIFESTS}/v1`]);
  });

  it('does not press on when the registry wants fewer requests', async () => {
    const { repository, network, clock } = scripted({
      [`HEAD ${MANIFESTS}/v1`]: { status: 429, headers: { 'retry-after': '7' } },
    });
    const error = await rejection(repository.manifests.head('v1'));
    expect(isStowageError(error, 'RATE_LIMITED') && error.retryable).toBe(true);
    expect(network.log.length).toBe(3);
    expect(clock.slept).toEqual([7_000, 7_000]);
  });
});
