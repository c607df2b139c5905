import type { Digest, Repository } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ANN, NOTHING, World, asking, tags, codeOf, endless } from './support/world.ts';

// A client against registries, token servers and object stores that mean harm: what they send. Each test is named after
// its row in the list of past advisories of the field.

const MIB = 1024 * 1024;

describe('rows 4 and 7: more than fits into memory', () => {
  it.each<[string, number, (repository: Repository) => Promise<unknown>, string]>([
    ['a manifest', 4 * MIB, (repository) => repository.manifests.get('v1'), '/v2/team/app/manifests/v1'],
    ['a list of tags', 16 * MIB, tags, '/v2/team/app/tags/list'],
  ])('%s is cut off', async (_name, limit, call, path) => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': ({ url }) => (url.pathname === path ? new Response(body) : new Response()),
    });
    expect(await codeOf(call(world.repository('https://registry.test')))).toBe('LIMIT_EXCEEDED');
    expect(taken()).toBeLessThanOrEqual(limit + 2 * 64 * 1024);
  });

  it('a token is cut off', async () => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://registry.test/token"', () => new Response(body)),
    });
    const registry = world.repository('https://registry.test', { auth: ANN });
    expect(await codeOf(tags(registry))).toBe('LIMIT_EXCEEDED');
    expect(taken()).toBeLessThanOrEqual(MIB + 2 * 64 * 1024);
  });

  it('an error is cut off', async () => {
    const { body, taken } = endless();
    const world = new World({
      'https://registry.test': () => new Response(body, { status: 404 }),
    });
    expect(await codeOf(world.repository('https://registry.test').manifests.get('v1'))).toBe('NOT_FOUND');
    expect(taken()).toBeLessThanOrEqual(2 * 64 * 1024);
  });
});

describe('row 10: a manifest that is two things', () => {
  const config = { mediaType: 'application/vnd.oci.image.config.v1+json', digest: NOTHING, size: 2 };
  const oci = 'application/vnd.oci.image.manifest.v1+json';
  const index = 'application/vnd.oci.image.index.v1+json';
  it.each<[string, string, unknown]>([
    ['manifest and index', oci, { schemaVersion: 2, config, layers: [], manifests: [] }],
    ['index and manifest', index, { schemaVersion: 2, config, layers: [], manifests: [] }],
    ['index and layers', index, { schemaVersion: 2, layers: [], manifests: [] }],
    ['an index sent as a manifest', oci, { schemaVersion: 2, manifests: [] }],
    ['a manifest sent as an index', index, { schemaVersion: 2, config, layers: [] }],
    ['a type of its own', oci, { schemaVersion: 2, mediaType: index, config, layers: [] }],
    ['both, sent as nothing', 'text/plain', { schemaVersion: 2, config, layers: [], manifests: [] }],
    [
      'an index sent as schema 1',
      'application/vnd.docker.distribution.manifest.v1+json',
      { schemaVersion: 2, manifests: [] },
    ],
  ])('%s', async (_name, contentType, document) => {
    const world = new World({
      'https://registry.test': () => Response.json(document, { headers: { 'content-type': contentType } }),
    });
    expect(await codeOf(world.repository('https://registry.test').manifests.get('v1'))).toBe(
      'INVALID_MANIFEST',
    );
  });
});

describe('row 19: strings that are not what they should be', () => {
  it.each([
    'sha256:../../../etc/passwd',
    'sha256:..%2f..%2fetc',
    `sha256:${'0'.repeat(63)}`,
    `sha256:${'0'.repeat(65)}`,
    `SHA256:${'0'.repeat(64)}`,
    `sha256:${'A'.repeat(64)}`,
    `md5:${'0'.repeat(32)}`,
    `sha256:${'0'.repeat(64)}?x=1`,
    `sha256:${'0'.repeat(64)}\u0000`,
    `sha256:${'0'.repeat(64)}/../../uploads`,
  ])('nothing is sent for the digest %j', async (digest) => {
    const world = new World({});
    const { blobs, manifests } = world.repository('https://registry.test');
    const calls = [
      blobs.open(digest as Digest),
      blobs.stat(digest as Digest),
      manifests.get(digest),
      manifests.head(digest),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'INVALID_DIGEST'));
    expect(world.seen).toEqual([]);
  });

  it('nothing is sent for names and tags that are none', async () => {
    const world = new World({});
    for (const name of [
      '../admin',
      'a/../b',
      'a?x',
      'a%2e',
      'a\u0000',
      'A',
      'x'.repeat(300),
      'a:b',
      'evil.test:80/a',
    ]) {
      expect(() => world.repository('https://registry.test', { name })).toThrow();
    }
    for (const tag of ['../x', 'a/b', '%2e%2e', 'a b', '', '.', '\u0000', 'x'.repeat(129)]) {
      expect(await codeOf(world.repository('https://registry.test').manifests.get(tag))).toBe(
        'INVALID_REFERENCE',
      );
    }
    expect(world.seen).toEqual([]);
  });

  it('a tag that is none does not come out of a list', async () => {
    const world = new World({ 'https://registry.test': () => Response.json({ tags: ['../../etc/passwd'] }) });
    expect(await codeOf(tags(world.repository('https://registry.test')))).toBe('REGISTRY');
  });

  it('a digest that is none does not come out of a header', async () => {
    const headers = {
      'docker-content-digest': 'sha256:../../x',
      'content-type': 'application/vnd.oci.image.manifest.v1+json',
      'content-length': '10',
    };
    const world = new World({ 'https://registry.test': () => new Response('{"a":1234}', { headers }) });
    expect(await codeOf(world.repository('https://registry.test').manifests.head('v1'))).toBe(
      'INVALID_MANIFEST',
    );
  });
});

describe('row 21: other bytes than the digest names', () => {
  it('are refused, though the headers agree with the digest', async () => {
    const headers = { 'docker-content-digest': NOTHING, etag: `"${NOTHING}"` };
    const world = new World({
      'https://registry.test': () => new Response('{"schemaVersion":2,"manifests":[]}', { headers }),
    });
    const { manifests, blobs } = world.repository('https://registry.test');
    expect(await codeOf(manifests.get(NOTHING))).toBe('DIGEST_MISMATCH');
    const stream = await blobs.open(NOTHING);
    expect(await codeOf(new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text())).toBe(
      'DIGEST_MISMATCH',
    );
  });
});

describe('row 43: codings', () => {
  it('are not asked for, and a chain of them is refused', async () => {
    const { body, taken } = endless();
    const headers = { 'content-encoding': 'gzip, gzip, gzip, gzip' };
    const world = new World({ 'https://registry.test': () => new Response(body, { headers }) });
    expect(await codeOf(world.repository('https://registry.test').blobs.open(NOTHING))).toBe('REGISTRY');
    expect(taken()).toBeLessThanOrEqual(2 * 64 * 1024);
    expect(world.seen.map(({ headers: sent }) => sent.get('accept-encoding'))).toEqual(['identity']);
  });

  it('a blob is read no faster than it is taken', async () => {
    const { body, taken } = endless();
    const world = new World({ 'https://registry.test': () => new Response(body) });
    const stream = await world.repository('https://registry.test').blobs.open(NOTHING);
    const reader = stream.getReader();
    for (let count = 0; count < 4; count++) await reader.read();
    await new Promise((resolve) => setTimeout(resolve));
    expect(taken()).toBeLessThanOrEqual(8 * 64 * 1024);
    await reader.cancel();
  });
});

describe('row 47: numbers of the server', () => {
  const numbers = [
    '9223372036854775807',
    '18446744073709551616',
    '-1',
    'NaN',
    '1e9',
    '0x10',
    '',
    ' ',
    '1,2',
    '1.5',
  ];

  it.each(numbers)('Content-Length: %j', async (value) => {
    const world = new World({
      'https://registry.test': ({ method }) => {
        if (method === 'HEAD') return new Response(null, { headers: { 'content-length': value } });
        return new Response('abc', { status: 206, headers: { 'content-range': 'bytes 0-0/3' } });
      },
    });
    expect((await world.repository('https://registry.test').blobs.stat(NOTHING)).size).toBe(3);
  });

  it.each(numbers)('Content-Range: bytes 1-%s/%s', async (value) => {
    const headers = { 'content-range': `bytes 1-${value}/${value}` };
    const world = new World({
      'https://registry.test': () => new Response('abc', { status: 206, headers }),
    });
    expect(await codeOf(world.repository('https://registry.test').blobs.open(NOTHING, { offset: 1 }))).toBe(
      'REGISTRY',
    );
  });

  it.each(numbers)('Retry-After: %j is waited for no longer than a minute', async (value) => {
    const headers = { 'retry-after': value };
    const world = new World({ 'https://registry.test': () => new Response(null, { status: 503, headers }) });
    expect(await codeOf(tags(world.repository('https://registry.test')))).toBe('UNAVAILABLE');
    expect(world.waits.length).toBe(2);
    for (const wait of world.waits) expect(wait >= 0 && wait <= 60_000).toBe(true);
  });

  it.each([...numbers, 2 ** 63, -1, 1e308, null, {}, []])('expires_in: %j', async (value) => {
    const world = new World({
      'https://registry.test': (seen) =>
        seen.url.pathname === '/token'
          ? Response.json({ token: 'harmless', expires_in: value })
          : asking('Bearer realm="https://registry.test/token"')(seen),
    });
    expect(await tags(world.repository('https://registry.test'))).toEqual(['v1']);
  });
});
