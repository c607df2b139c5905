import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import { MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { bytesOf, codesOf, createTestRegistry, NOBODYS_DIGEST } from './test-support/test-registry.ts';

const OCI = { 'Content-Type': MEDIA_TYPES.ociManifest };
const INDEX = { 'Content-Type': MEDIA_TYPES.ociIndex };
const UNKNOWN = { mediaType: MEDIA_TYPES.ociLayerGzip, digest: NOBODYS_DIGEST, size: 1 };

describe('reading manifests', () => {
  it('answers by tag and by digest with the bytes that were pushed', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest, size } = await pushImage('team/app', 'v1');
    for (const reference of ['v1', digest]) {
      const response = await call('GET', `/v2/team/app/manifests/${reference}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('Content-Type')).toBe(MEDIA_TYPES.ociManifest);
      expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
      expect(response.headers.get('Content-Length')).toBe(String(size));
      expect(await digestBytes(new Uint8Array(await response.arrayBuffer()))).toBe(digest);

      const head = await call('HEAD', `/v2/team/app/manifests/${reference}`);
      expect([head.status, head.body]).toEqual([200, null]);
      expect(head.headers.get('Content-Type')).toBe(MEDIA_TYPES.ociManifest);
      expect(head.headers.get('Docker-Content-Digest')).toBe(digest);
      expect(head.headers.get('Content-Length')).toBe(String(size));
    }
  });

  it('sends nothing to a caller that has it', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    const same = await call('GET', '/v2/a/manifests/v1', { headers: { 'If-None-Match': `"${digest}"` } });
    expect([same.status, same.body, same.headers.get('ETag')]).toEqual([304, null, `"${digest}"`]);
    const other = await call('GET', '/v2/a/manifests/v1', { headers: { 'If-None-Match': '"other"' } });
    expect(other.status).toBe(200);
  });

  it.each(['missing', NOBODYS_DIGEST, '.malformed'])('answers 404 for %s', async (reference) => {
    const { call, pushImage } = createTestRegistry();
    await pushImage('a', 'v1');
    for (const [method, repository] of [
      ['GET', 'a'],
      ['GET', 'unknown'],
      ['DELETE', 'a'],
      ['DELETE', 'unknown'],
    ] as const) {
      const response = await call(method, `/v2/${repository}/manifests/${reference}`);
      expect([response.status, await codesOf(response)]).toEqual([404, ['MANIFEST_UNKNOWN']]);
    }
  });

  it('shows a manifest only in the repository that has it', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    expect((await call('GET', `/v2/b/manifests/${digest}`)).status).toBe(404);
  });

  it('answers 404 where the content was lost', async () => {
    const { storage, call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    await storage.content.delete(digest);
    expect((await call('GET', '/v2/a/manifests/v1')).status).toBe(404);
    expect((await call('HEAD', '/v2/a/manifests/v1')).status).toBe(404);
  });
});

describe('pushing manifests', () => {
  it('tells where the manifest is', async () => {
    const { call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.ociConfig };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const digest = await digestBytes(bytesOf(body));
    const response = await call('PUT', '/v2/a/manifests/v1', { headers: OCI, body });
    expect(response.status).toBe(201);
    expect(response.headers.get('Location')).toBe(`/v2/a/manifests/${digest}`);
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
    expect(response.headers.get('OCI-Subject')).toBeNull();
  });

  it('moves a tag and keeps what it named', async () => {
    const { call, pushImage } = createTestRegistry();
    const first = await pushImage('a', 'v1');
    const second = await pushImage('a', 'v1', { annotations: { second: 'yes' } });
    const response = await call('HEAD', '/v2/a/manifests/v1');
    expect(response.headers.get('Docker-Content-Digest')).toBe(second.digest);
    expect((await call('HEAD', `/v2/a/manifests/${first.digest}`)).status).toBe(200);
  });

  it('sets the tags of the query beside the one of the path', async () => {
    const { call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.ociConfig };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const digest = await digestBytes(bytesOf(body));
    const path = `/v2/a/manifests/${digest}?tag=one&tag=two`;
    const response = await call('PUT', path, { headers: OCI, body });
    expect([response.status, response.headers.get('OCI-Tag')]).toEqual([201, 'one, two']);
    const tags = await call('GET', '/v2/a/tags/list');
    expect(await tags.json()).toEqual({ name: 'a', tags: ['one', 'two'] });

    const bad = await call('PUT', `/v2/a/manifests/${digest}?tag=.no`, { headers: OCI, body });
    expect([bad.status, await codesOf(bad)]).toEqual([400, ['MANIFEST_INVALID']]);
    const many = `?${'tag=x&'.repeat(101)}`;
    expect((await call('PUT', `/v2/a/manifests/${digest}${many}`, { headers: OCI, body })).status).toBe(414);
  });

  it('keeps tags whose names mean something to JavaScript', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', '__proto__');
    const response = await call('HEAD', '/v2/a/manifests/__proto__');
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
    expect((await call('HEAD', '/v2/a/manifests/constructor')).status).toBe(404);
  });

  it('takes digests of other algorithms', async () => {
    const { call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.ociConfig };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const digest = await digestBytes(bytesOf(body), 'sha512');
    const response = await call('PUT', `/v2/a/manifests/${digest}`, { headers: OCI, body });
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
    expect(await (await call('GET', `/v2/a/manifests/${digest}`)).text()).toBe(body);
  });

  it('refuses a digest that the body does not have', async () => {
    const { call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.ociConfig };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const response = await call('PUT', `/v2/a/manifests/${NOBODYS_DIGEST}`, { headers: OCI, body });
    expect([response.status, await codesOf(response)]).toEqual([400, ['DIGEST_INVALID']]);
  });

  it('row 4: refuses a manifest beyond the limit, announced or not', async () => {
    const { call } = createTestRegistry({ limits: { manifestBytes: 100 } });
    const response = await call('PUT', '/v2/a/manifests/v1', { headers: OCI, body: 'x'.repeat(101) });
    expect([response.status, await codesOf(response)]).toEqual([413, ['SIZE_INVALID']]);
    const usual = await createTestRegistry().call('PUT', '/v2/a/manifests/v1', {
      headers: OCI,
      body: new Uint8Array(4 * 1024 * 1024 + 1),
    });
    expect(usual.status).toBe(413);
  });

  it.each([
    ['no JSON', 'nonsense', MEDIA_TYPES.ociManifest],
    ['nothing', '', MEDIA_TYPES.ociManifest],
    ['another schema', '{"schemaVersion":1}', MEDIA_TYPES.ociManifest],
    ['a type that is no manifest', '{"schemaVersion":2}', 'text/plain'],
    [
      'row 10: an index that says it is a manifest',
      '{"schemaVersion":2,"manifests":[]}',
      MEDIA_TYPES.ociManifest,
    ],
    [
      'row 10: a body of another type than the header',
      `{"schemaVersion":2,"mediaType":"${MEDIA_TYPES.ociIndex}","manifests":[]}`,
      MEDIA_TYPES.dockerManifestList,
    ],
    [
      'row 10: a body that is both',
      `{"schemaVersion":2,"config":${JSON.stringify(UNKNOWN)},"layers":[],"manifests":[]}`,
      MEDIA_TYPES.ociIndex,
    ],
    [
      'row 1: a digest that is a path',
      '{"schemaVersion":2,"manifests":[{"mediaType":"x","digest":"sha256:../../x","size":1}]}',
      MEDIA_TYPES.ociIndex,
    ],
  ])('refuses %s', async (_, body, type) => {
    const { call } = createTestRegistry();
    const response = await call('PUT', '/v2/a/manifests/v1', { headers: { 'Content-Type': type }, body });
    expect([response.status, await codesOf(response)]).toEqual([400, ['MANIFEST_INVALID']]);
    expect((await call('GET', '/v2/a/tags/list')).status).toBe(404);
  });

  it('refuses a tag that is none', async () => {
    const { call } = createTestRegistry();
    const response = await call('PUT', '/v2/a/manifests/.no', { headers: INDEX, body: '{}' });
    expect([response.status, await codesOf(response)]).toEqual([400, ['MANIFEST_INVALID']]);
  });

  it('names all content that is missing', async () => {
    const { call, pushBlob } = createTestRegistry();
    await pushBlob('other', '{}');
    const config = { mediaType: MEDIA_TYPES.ociConfig, digest: await digestBytes(bytesOf('{}')), size: 2 };
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [UNKNOWN, UNKNOWN] });
    const response = await call('PUT', '/v2/a/manifests/v1', { headers: OCI, body });
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [config.digest, NOBODYS_DIGEST].map((digest) => ({
        code: 'MANIFEST_BLOB_UNKNOWN',
        message: 'blob unknown to registry',
        detail: { digest },
      })),
    });
  });

  it('takes content that was lost for missing', async () => {
    const { storage, call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.ociConfig };
    await storage.content.delete(config.digest);
    const body = JSON.stringify({ schemaVersion: 2, config, layers: [] });
    const response = await call('PUT', '/v2/a/manifests/v1', { headers: OCI, body });
    expect([response.status, await codesOf(response)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    await pushBlob('a', '{}');
    expect((await call('PUT', '/v2/a/manifests/v1', { headers: OCI, body })).status).toBe(201);
  });

  it('does without layers that are fetched from elsewhere', async () => {
    const { call, pushBlob } = createTestRegistry();
    const config = { ...(await pushBlob('a', '{}')), mediaType: MEDIA_TYPES.dockerConfig };
    const layers = [{ ...UNKNOWN, mediaType: MEDIA_TYPES.dockerForeignLayerGzip }];
    const document = { schemaVersion: 2, mediaType: MEDIA_TYPES.dockerManifest, config, layers };
    const headers = { 'Content-Type': MEDIA_TYPES.dockerManifest };
    const response = await call('PUT', '/v2/a/manifests/v1', { headers, body: JSON.stringify(document) });
    expect(response.status).toBe(201);
  });

  it('takes an index once it has the children', async () => {
    const { call, pushImage, pushManifest } = createTestRegistry();
    const child = await pushImage('a', 'v1');
    const index = await pushManifest('a', { schemaVersion: 2, manifests: [child] }, 'index');
    await pushManifest('a', { schemaVersion: 2, manifests: [index] }, 'nested');
    const response = await call('GET', '/v2/a/manifests/nested');
    expect(response.headers.get('Content-Type')).toBe(MEDIA_TYPES.ociIndex);

    const body = JSON.stringify({ schemaVersion: 2, manifests: [child, UNKNOWN] });
    const sparse = await call('PUT', '/v2/a/manifests/sparse', { headers: INDEX, body });
    expect([sparse.status, await codesOf(sparse)]).toEqual([400, ['MANIFEST_BLOB_UNKNOWN']]);
    const elsewhere = await call('PUT', '/v2/b/manifests/v1', { headers: INDEX, body });
    expect(await codesOf(elsewhere)).toEqual(['MANIFEST_BLOB_UNKNOWN', 'MANIFEST_BLOB_UNKNOWN']);
  });

  it('finds out the type where no header tells it', async () => {
    const { server, call } = createTestRegistry();
    const request = new Request('http://registry.test/v2/a/manifests/v1', {
      method: 'PUT',
      body: bytesOf('{"schemaVersion":2,"manifests":[]}') as Uint8Array<ArrayBuffer>,
    });
    expect((await server(request)).status).toBe(201);
    expect((await call('HEAD', '/v2/a/manifests/v1')).headers.get('Content-Type')).toBe(MEDIA_TYPES.ociIndex);
  });

  it('leaves nothing half done behind', async () => {
    const storage = createMemoryStorage();
    const { call, pushImage } = createTestRegistry({ storage });
    await pushImage('a', 'v1');
    await call('PUT', '/v2/a/manifests/v2', { headers: OCI, body: 'nonsense' });
    const refs: string[] = [];
    for await (const { ref } of storage.content.ingests()) refs.push(ref);
    expect(refs).toEqual([]);
  });
});

describe('deleting manifests', () => {
  it('takes a tag and leaves the manifest', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    expect((await call('DELETE', '/v2/a/manifests/v1')).status).toBe(202);
    expect((await call('GET', '/v2/a/manifests/v1')).status).toBe(404);
    expect((await call('GET', `/v2/a/manifests/${digest}`)).status).toBe(200);
    expect((await call('DELETE', '/v2/a/manifests/v1')).status).toBe(404);
  });

  it('takes a manifest with its tags, in this repository only', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    const other = await pushImage('a', 'other');
    await pushImage('b', 'v1');
    expect((await call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(202);
    expect((await call('GET', `/v2/a/manifests/${digest}`)).status).toBe(404);
    expect((await call('GET', '/v2/a/manifests/v1')).status).toBe(404);
    expect(await (await call('GET', '/v2/a/tags/list')).json()).toEqual({ name: 'a', tags: ['other'] });
    expect((await call('GET', `/v2/a/manifests/${other.digest}`)).status).toBe(200);
    expect((await call('GET', `/v2/b/manifests/${digest}`)).status).toBe(200);
    expect((await call('DELETE', `/v2/a/manifests/${digest}`)).status).toBe(404);
  });
});

describe('conditions', () => {
  it('keep a tag from being set over what others made of it', async () => {
    const { call, pushImage } = createTestRegistry();
    const { digest } = await pushImage('a', 'v1');
    const body = await (await call('GET', '/v2/a/manifests/v1')).text();
    const put = async (tag: string, headers: Record<string, string>): Promise<number> =>
      (await call('PUT', `/v2/a/manifests/${tag}`, { headers: { ...OCI, ...headers }, body })).status;
    expect(await put('v1', { 'If-None-Match': '*' })).toBe(412);
    expect(await put('v1', { 'If-Match': `"${NOBODYS_DIGEST}"` })).toBe(412);
    expect(await put('v1', { 'If-Match': `"${digest}"` })).toBe(201);
    expect(await put('v2', { 'If-Match': '*' })).toBe(412);
    expect((await call('GET', '/v2/a/manifests/v2')).status).toBe(404);
    expect(await put('v2', { 'If-None-Match': '*' })).toBe(201);
    expect(await put(digest, { 'If-None-Match': '*' })).toBe(201);
  });
});
