import { createMemoryStorage } from '@stowage/storage';
import { describe, expect, it, vi } from 'vitest';
import { createRegistryServer, registryDigests } from './registry-server.ts';
import type { RegistryAccess } from './registry-server.ts';
import { codesOf, createTestRegistry, NOBODYS_DIGEST } from './test-support/test-registry.ts';

describe('createRegistryServer', () => {
  it('says what it is', async () => {
    const { call } = createTestRegistry();
    const response = await call('GET', '/v2/');
    expect(response.status).toBe(200);
    expect(response.headers.get('Docker-Distribution-API-Version')).toBe('registry/2.0');
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(await response.json()).toEqual({});
  });

  it('answers HEAD without a body, errors too', async () => {
    const { call } = createTestRegistry();
    const found = await call('HEAD', '/v2/');
    expect([found.status, found.body]).toEqual([200, null]);
    const missing = await call('HEAD', '/v2/a/manifests/v1');
    expect([missing.status, missing.body]).toEqual([404, null]);
  });

  it('refuses paths and methods that it does not know', async () => {
    const { call } = createTestRegistry();
    const path = await call('GET', '/v2/a');
    expect([path.status, await codesOf(path)]).toEqual([404, ['UNSUPPORTED']]);
    const method = await call('PATCH', '/v2/a/manifests/v1');
    expect([method.status, await codesOf(method)]).toEqual([405, ['UNSUPPORTED']]);
    expect(method.headers.get('Allow')).toBe('GET, HEAD, PUT, DELETE');
    const odd = await call('CONSTRUCTOR', '/v2/');
    expect(odd.status).toBe(405);
  });

  it('writes errors as the specification has them', async () => {
    const { call } = createTestRegistry();
    const response = await call('GET', `/v2/a/blobs/${NOBODYS_DIGEST}`);
    expect(response.headers.get('Content-Type')).toBe('application/json');
    expect(await response.json()).toEqual({
      errors: [
        { code: 'BLOB_UNKNOWN', message: 'blob unknown to registry', detail: { digest: NOBODYS_DIGEST } },
      ],
    });
  });

  it('hides unexpected errors from callers and shows them to its owner', async () => {
    const storage = createMemoryStorage();
    await storage.metadata.set('registry-repositories', 'broken', new TextEncoder().encode('{}'));
    const onError = vi.fn();
    const { call } = createTestRegistry({ storage, onError });
    const response = await call('GET', '/v2/_catalog');
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({ errors: [{ code: 'UNKNOWN', message: 'internal error' }] });
    expect(onError).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ code: 'DATA_LOSS', message: 'registry-repositories/broken is damaged' }),
      expect.any(Request),
    );
  });

  it('rejects with the reason of an aborted request', async () => {
    const { server } = createTestRegistry();
    const reason = new Error('no longer wanted');
    const before = new Request('http://registry.test/v2/', { signal: AbortSignal.abort(reason) });
    await expect(server(before)).rejects.toBe(reason);

    const controller = new AbortController();
    const body = new ReadableStream<Uint8Array>({
      pull: () => {
        controller.abort(reason);
        return new Promise(() => undefined);
      },
    });
    const init = { method: 'PUT', body, duplex: 'half', signal: controller.signal };
    const stuck = new Request('http://registry.test/v2/a/manifests/v1', init);
    await expect(server(stuck)).rejects.toBe(reason);
  });
});

describe('readOnly', () => {
  it('refuses every change, the deletion of a tag too', async () => {
    const storage = createMemoryStorage();
    const writable = createTestRegistry({ storage });
    const image = await writable.pushImage('a', 'v1');
    const { call } = createTestRegistry({ storage, readOnly: true });
    for (const [method, path] of [
      ['PUT', '/v2/a/manifests/v2'],
      ['DELETE', '/v2/a/manifests/v1'],
      ['DELETE', `/v2/a/manifests/${image.digest}`],
      ['DELETE', `/v2/a/blobs/${image.digest}`],
      ['POST', '/v2/a/blobs/uploads/'],
      ['PATCH', '/v2/a/blobs/uploads/1'],
      ['PUT', `/v2/a/blobs/uploads/1?digest=${image.digest}`],
      ['DELETE', '/v2/a/blobs/uploads/1'],
    ] as const) {
      const response = await call(method, path);
      expect([method, path, response.status]).toEqual([method, path, 405]);
      expect(await response.json()).toMatchObject({
        errors: [{ code: 'UNSUPPORTED', message: 'the registry is read-only' }],
      });
    }
    expect((await call('GET', '/v2/a/manifests/v1')).status).toBe(200);
  });
});

describe('authorize', () => {
  it('is told what a request wants to do', async () => {
    const asked: string[] = [];
    const authorize = (_: Request, { action, repository }: RegistryAccess): Promise<undefined> => {
      asked.push(repository === undefined ? action : `${action} ${repository}`);
      return Promise.resolve(undefined);
    };
    const { call, pushBlob } = createTestRegistry({ authorize });
    const { digest } = await pushBlob('source', 'blob');
    await call('GET', '/v2/');
    await call('GET', '/v2/_catalog');
    await call('GET', '/v2/a/tags/list');
    await call('HEAD', '/v2/a/manifests/v1');
    await call('PUT', '/v2/a/manifests/v1');
    await call('DELETE', '/v2/a/manifests/v1');
    await call('GET', `/v2/a/referrers/${digest}`);
    await call('GET', '/v2/a/blobs/uploads/1');
    await call('DELETE', '/v2/a/blobs/uploads/1');
    await call('POST', `/v2/a/blobs/uploads/?mount=${digest}&from=source`);
    expect(asked).toEqual([
      'push source',
      'ping',
      'catalog',
      'pull a',
      'pull a',
      'push a',
      'delete a',
      'pull a',
      'push a',
      'push a',
      'push a',
      'pull source',
    ]);
  });

  it('answers for the registry when it refuses', async () => {
    const { call } = createTestRegistry({
      authorize: () =>
        Promise.resolve(
          new Response('no', { status: 401, headers: { 'WWW-Authenticate': 'Basic realm="r"' } }),
        ),
    });
    const response = await call('PUT', '/v2/a/manifests/v1', { body: 'ignored' });
    expect([response.status, await response.text()]).toEqual([401, 'no']);
    expect(response.headers.get('WWW-Authenticate')).toBe('Basic realm="r"');
    expect(response.headers.get('Access-Control-Allow-Origin')).toBe('*');
  });

  it('keeps blobs from being mounted out of a repository that may not be read', async () => {
    const authorize = (_: Request, access: RegistryAccess): Promise<Response | undefined> =>
      Promise.resolve(
        access.action === 'pull' && access.repository === 'secret'
          ? new Response(null, { status: 403 })
          : undefined,
      );
    const { call, pushBlob } = createTestRegistry({ authorize });
    const { digest } = await pushBlob('secret', 'blob');
    expect((await call('POST', `/v2/a/blobs/uploads/?mount=${digest}&from=secret`)).status).toBe(202);
    expect((await call('GET', `/v2/a/blobs/${digest}`)).status).toBe(404);
  });
});

describe('cors', () => {
  it('lets pages of every origin in', async () => {
    const { call } = createTestRegistry();
    const { headers } = await call('GET', '/v2/a/manifests/v1');
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    const exposed = headers.get('Access-Control-Expose-Headers')?.split(', ');
    expect(exposed).toEqual(expect.arrayContaining(['Docker-Content-Digest', 'Link', 'Location', 'Range']));
    expect(exposed).toEqual(expect.arrayContaining(['Content-Range', 'WWW-Authenticate', 'OCI-Subject']));
  });

  it('answers preflight requests without asking for credentials', async () => {
    const { call } = createTestRegistry({
      authorize: () => Promise.resolve(new Response(null, { status: 401 })),
    });
    const { status, headers } = await call('OPTIONS', '/v2/a/manifests/v1');
    expect(status).toBe(204);
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(headers.get('Access-Control-Allow-Methods')).toContain('PATCH');
    expect(headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
    expect(headers.get('Access-Control-Allow-Headers')).toContain('Range');
    expect(headers.get('Access-Control-Max-Age')).toBe('7200');
  });

  it('can be narrowed', async () => {
    const cors = {
      allowOrigin: 'https://ui.test',
      allowHeaders: ['Accept'],
      exposeHeaders: ['Link'],
      maxAge: 5,
    };
    const { call } = createTestRegistry({ cors });
    const answer = await call('GET', '/v2/');
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('https://ui.test');
    expect(answer.headers.get('Access-Control-Expose-Headers')).toBe('Link');
    expect(answer.headers.get('Vary')).toBe('Origin');
    const preflight = await call('OPTIONS', '/v2/');
    expect(preflight.headers.get('Access-Control-Allow-Headers')).toBe('Accept');
    expect(preflight.headers.get('Access-Control-Max-Age')).toBe('5');
  });

  it('can be switched off', async () => {
    const { call } = createTestRegistry({ cors: false });
    for (const method of ['GET', 'OPTIONS']) {
      const names = [...(await call(method, '/v2/')).headers.keys()];
      expect(names.filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('registryDigests', () => {
  it('lists what repositories hold', async () => {
    const { storage, call, pushImage, pushBlob } = createTestRegistry();
    const image = await pushImage('a', 'v1');
    const gone = await pushBlob('a', 'gone');
    await call('DELETE', `/v2/a/blobs/${gone.digest}`);
    const digests = new Set<string>();
    for await (const digest of registryDigests(storage)) digests.add(digest);
    expect(digests.size).toBe(3);
    expect(digests).toContain(image.digest);
    expect(digests).not.toContain(gone.digest);
  });
});

describe('several registries over one storage', () => {
  it('see one another at once', async () => {
    const storage = createMemoryStorage();
    const first = createTestRegistry({ storage });
    const second = createTestRegistry({ storage });
    await Promise.all([
      first.pushImage('a', 'v1'),
      second.pushImage('a', 'v2'),
      first.pushImage('a', 'v3'),
      second.pushImage('a', 'v4'),
    ]);
    const response = await createRegistryServer({ storage })(
      new Request('http://registry.test/v2/a/tags/list'),
    );
    expect(await response.json()).toEqual({ name: 'a', tags: ['v1', 'v2', 'v3', 'v4'] });
  });
});
