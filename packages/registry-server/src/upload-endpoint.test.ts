import { digestBytes } from '@stowage/core';
import { createMemoryStorage } from '@stowage/storage';
import type { Digest, Storage } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  bytesOf,
  codesOf,
  createTestRegistry,
  locationId,
  NOBODYS_DIGEST,
} from './test-support/test-registry.ts';
import type { TestRegistry } from './test-support/test-registry.ts';

function sha256(text: string): Promise<Digest> {
  return digestBytes(bytesOf(text));
}

async function begin({ call }: TestRegistry, repository = 'a'): Promise<string> {
  const response = await call('POST', `/v2/${repository}/blobs/uploads/`);
  expect(response.status).toBe(202);
  return response.headers.get('Location') ?? '';
}

async function ingestRefs(storage: Storage): Promise<string[]> {
  const refs: string[] = [];
  for await (const { ref } of storage.content.ingests()) refs.push(ref);
  return refs;
}

describe('monolithic uploads', () => {
  it('takes a blob in one POST', async () => {
    const { storage, call } = createTestRegistry();
    const digest = await sha256('blob');
    const response = await call('POST', `/v2/a/blobs/uploads/?digest=${digest}`, { body: 'blob' });
    expect(response.status).toBe(201);
    expect(response.headers.get('Location')).toBe(`/v2/a/blobs/${digest}`);
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
    expect(await (await call('GET', `/v2/a/blobs/${digest}`)).text()).toBe('blob');
    expect(await ingestRefs(storage)).toEqual([]);
  });

  it('takes a blob in POST and PUT', async () => {
    const registry = createTestRegistry({ randomId: () => 'upload-1' });
    const response = await registry.call('POST', '/v2/a/blobs/uploads/');
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: '/v2/a/blobs/uploads/upload-1',
      'docker-upload-uuid': 'upload-1',
      range: '0-0',
      'content-length': '0',
    });
    expect(response.headers.has('OCI-Chunk-Min-Length')).toBe(false);
    const digest = await sha256('blob');
    const path = `/v2/a/blobs/uploads/upload-1?digest=${digest}`;
    const closed = await registry.call('PUT', path, { body: 'blob' });
    expect([closed.status, closed.headers.get('Location')]).toEqual([201, `/v2/a/blobs/${digest}`]);
    const gone = await registry.call('PUT', path, { body: 'blob' });
    expect([gone.status, await codesOf(gone)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
  });

  it('takes digests of other algorithms', async () => {
    const { call } = createTestRegistry();
    const digest = await digestBytes(bytesOf('blob'), 'sha512');
    const response = await call('POST', '/v2/a/blobs/uploads/?digest-algorithm=sha512');
    const location = response.headers.get('Location') ?? '';
    expect((await call('PUT', `${location}?digest=${digest}`, { body: 'blob' })).status).toBe(201);
    expect(await (await call('GET', `/v2/a/blobs/${digest}`)).text()).toBe('blob');

    for (const algorithm of ['md5', '', 'sha256:']) {
      const bad = await call('POST', `/v2/a/blobs/uploads/?digest-algorithm=${algorithm}`);
      expect([bad.status, await codesOf(bad)]).toEqual([400, ['DIGEST_INVALID']]);
    }
  });

  it('refuses content of another digest and forgets it', async () => {
    const registry = createTestRegistry();
    const { storage, call } = registry;
    const once = await call('POST', `/v2/a/blobs/uploads/?digest=${NOBODYS_DIGEST}`, { body: 'blob' });
    expect([once.status, await codesOf(once)]).toEqual([400, ['DIGEST_INVALID']]);
    const location = await begin(registry);
    const twice = await call('PUT', `${location}?digest=${NOBODYS_DIGEST}`, { body: 'blob' });
    expect([twice.status, await codesOf(twice)]).toEqual([400, ['DIGEST_INVALID']]);
    expect((await call('GET', location)).status).toBe(404);
    expect((await call('GET', `/v2/a/blobs/${NOBODYS_DIGEST}`)).status).toBe(404);
    expect(await ingestRefs(storage)).toEqual([]);
  });

  it.each(['', '?digest=', '?digest=sha256:..%2F..', '?digest=md5:00'])(
    'refuses to close with %j',
    async (query) => {
      const registry = createTestRegistry();
      const location = await begin(registry);
      const response = await registry.call('PUT', `${location}${query}`, { body: 'blob' });
      expect([response.status, await codesOf(response)]).toEqual([400, ['DIGEST_INVALID']]);
      expect((await registry.call('GET', location)).status).toBe(204);
    },
  );

  it('refuses a blob beyond the limit and forgets it', async () => {
    const registry = createTestRegistry({ limits: { blobBytes: 3 } });
    const location = await begin(registry);
    expect((await registry.call('PATCH', location, { body: 'ab' })).status).toBe(202);
    const response = await registry.call('PATCH', location, { body: 'cd' });
    expect([response.status, await codesOf(response)]).toEqual([413, ['SIZE_INVALID']]);
    expect((await registry.call('GET', location)).status).toBe(404);
    expect(await ingestRefs(registry.storage)).toEqual([]);
  });
});

describe('uploads in chunks', () => {
  it('appends chunks and tells how far it is', async () => {
    const registry = createTestRegistry();
    const { call } = registry;
    const location = await begin(registry);
    const first = await call('PATCH', location, { headers: { 'Content-Range': '0-3' }, body: 'abcd' });
    expect([first.status, first.headers.get('Range')]).toEqual([202, '0-3']);
    expect(first.headers.get('Location')).toBe(location);
    expect(first.headers.get('Docker-Upload-UUID')).toBe(locationId(first));
    const second = await call('PATCH', location, { body: 'ef' });
    expect([second.status, second.headers.get('Range')]).toEqual([202, '0-5']);
    const status = await call('GET', location);
    expect([status.status, status.headers.get('Range')]).toEqual([204, '0-5']);
    expect(status.headers.get('Location')).toBe(location);

    const digest = await sha256('abcdefg');
    const headers = { 'Content-Range': '6-6' };
    const closed = await call('PUT', `${location}?digest=${digest}`, { headers, body: 'g' });
    expect(closed.status).toBe(201);
    expect(await (await call('GET', `/v2/a/blobs/${digest}`)).text()).toBe('abcdefg');
  });

  it('closes without a last chunk', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    await registry.call('PATCH', location, { body: 'abcd' });
    const response = await registry.call('PUT', `${location}?digest=${await sha256('abcd')}`);
    expect(response.status).toBe(201);
  });

  it.each(['PATCH', 'PUT'])('refuses a chunk that is not the next one: %s', async (method) => {
    const registry = createTestRegistry();
    const { call } = registry;
    const location = await begin(registry);
    const target = `${location}?digest=${NOBODYS_DIGEST}`;
    const early = await call(method, target, { headers: { 'Content-Range': '5-8' }, body: 'abcd' });
    expect([early.status, early.headers.get('Range'), early.headers.get('Location')]).toEqual([
      416,
      '0-0',
      location,
    ]);
    await call('PATCH', location, { headers: { 'Content-Range': '0-3' }, body: 'abcd' });
    const again = await call(method, target, { headers: { 'Content-Range': '0-3' }, body: 'abcd' });
    expect([again.status, again.headers.get('Range')]).toEqual([416, '0-3']);
    expect(await codesOf(again)).toEqual(['BLOB_UPLOAD_INVALID']);
    expect((await call('GET', location)).headers.get('Range')).toBe('0-3');
  });

  it.each(['abc', 'abcde'])('refuses %s as a chunk of four bytes', async (body) => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    await registry.call('PATCH', location, { body: '12' });
    const response = await registry.call('PATCH', location, { headers: { 'Content-Range': '2-5' }, body });
    expect([response.status, await codesOf(response)]).toEqual([400, ['SIZE_INVALID']]);
    expect((await registry.call('GET', location)).headers.get('Range')).toBe('0-1');
  });

  it('refuses a Content-Range that is none', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    const response = await registry.call('PATCH', location, {
      headers: { 'Content-Range': 'all' },
      body: 'x',
    });
    expect([response.status, await codesOf(response)]).toEqual([400, ['BLOB_UPLOAD_INVALID']]);
  });

  it('keeps what a broken connection brought', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    let sent = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (sent) controller.error(new Error('connection reset'));
        else controller.enqueue(bytesOf('ab'));
        sent = true;
      },
    });
    const init = { method: 'PATCH', body, duplex: 'half', headers: { 'Content-Range': '0-3' } };
    const response = await registry.server(new Request(`http://registry.test${location}`, init));
    expect(response.status).toBe(500);
    expect((await registry.call('GET', location)).headers.get('Range')).toBe('0-1');
    const rest = await registry.call('PATCH', location, { headers: { 'Content-Range': '2-3' }, body: 'cd' });
    expect(rest.status).toBe(202);
    expect((await registry.call('PUT', `${location}?digest=${await sha256('abcd')}`)).status).toBe(201);
  });

  it('goes on after a restart', async () => {
    const storage = createMemoryStorage();
    const location = await begin(createTestRegistry({ storage }));
    await createTestRegistry({ storage }).call('PATCH', location, { body: 'ab' });
    const { call } = createTestRegistry({ storage });
    const response = await call('PUT', `${location}?digest=${await sha256('abcd')}`, { body: 'cd' });
    expect(response.status).toBe(201);
  });

  it('asks a second writer to come back later', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    let finish: (() => void) | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(bytesOf('ab'));
        finish = () => {
          controller.close();
        };
      },
    });
    const init = { method: 'PATCH', body, duplex: 'half' };
    const first = registry.server(new Request(`http://registry.test${location}`, init));
    await new Promise((resolve) => setTimeout(resolve));
    for (const method of ['PATCH', 'GET', 'DELETE']) {
      const second = await registry.call(method, location);
      expect([method, second.status, second.headers.get('Retry-After')]).toEqual([method, 503, '1']);
    }
    finish?.();
    expect((await first).headers.get('Range')).toBe('0-1');
  });
});

describe('cancelling uploads', () => {
  it('throws the bytes away', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry);
    await registry.call('PATCH', location, { body: 'ab' });
    expect((await registry.call('DELETE', location)).status).toBe(204);
    expect(await ingestRefs(registry.storage)).toEqual([]);
    for (const method of ['GET', 'PATCH', 'DELETE']) {
      const response = await registry.call(method, location);
      expect([response.status, await codesOf(response)]).toEqual([404, ['BLOB_UPLOAD_UNKNOWN']]);
    }
  });

  it('knows an upload in its own repository only', async () => {
    const registry = createTestRegistry();
    const location = await begin(registry, 'a');
    const elsewhere = location.replace('/v2/a/', '/v2/b/');
    expect((await registry.call('GET', elsewhere)).status).toBe(404);
    expect((await registry.call('DELETE', elsewhere)).status).toBe(404);
    expect((await registry.call('GET', location)).status).toBe(204);
  });
});

describe('mounting blobs', () => {
  it('makes a blob of another repository visible', async () => {
    const { call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    const response = await call('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
    expect([response.status, response.headers.get('Location')]).toEqual([201, `/v2/b/blobs/${digest}`]);
    expect(response.headers.get('Docker-Content-Digest')).toBe(digest);
    expect(await (await call('GET', `/v2/b/blobs/${digest}`)).text()).toBe('blob');
  });

  it('begins an upload where there is nothing to mount', async () => {
    const { storage, call, pushBlob } = createTestRegistry();
    const { digest } = await pushBlob('a', 'blob');
    for (const query of [`mount=${NOBODYS_DIGEST}&from=a`, `mount=${digest}&from=other`, `mount=${digest}`]) {
      const response = await call('POST', `/v2/b/blobs/uploads/?${query}`);
      expect([query, response.status]).toEqual([query, 202]);
      expect((await call('GET', response.headers.get('Location') ?? '')).status).toBe(204);
    }
    await storage.content.delete(digest);
    expect((await call('POST', `/v2/b/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(202);
    expect((await call('GET', `/v2/b/blobs/${digest}`)).status).toBe(404);
  });

  it('refuses malformed names and digests', async () => {
    const { call } = createTestRegistry();
    const digest = await call('POST', '/v2/b/blobs/uploads/?mount=x&from=a');
    expect([digest.status, await codesOf(digest)]).toEqual([400, ['DIGEST_INVALID']]);
    const name = await call('POST', `/v2/b/blobs/uploads/?mount=${NOBODYS_DIGEST}&from=..%2Fa`);
    expect([name.status, await codesOf(name)]).toEqual([400, ['NAME_INVALID']]);
  });
});

describe('the number of uploads', () => {
  it('is limited', async () => {
    const registry = createTestRegistry({ limits: { uploads: 2 } });
    const first = await begin(registry);
    await begin(registry);
    const third = await registry.call('POST', '/v2/a/blobs/uploads/');
    expect([third.status, await codesOf(third)]).toEqual([429, ['TOOMANYREQUESTS']]);
    expect(third.headers.get('Retry-After')).toBe('60');
    await registry.call('DELETE', first);
    await begin(registry);
  });

  it('does not count those that were given up', async () => {
    let now = 1_000_000;
    const clock = { now: () => now };
    const limits = { uploads: 2, uploadIdle: 1000 };
    const storage = createMemoryStorage();
    const registry = createTestRegistry({ storage, clock, limits });
    const untouched = await begin(registry);
    now += 500;
    const fresh = await begin(registry);
    now += 600;
    const third = await begin(registry);
    expect((await registry.call('GET', untouched)).status).toBe(404);
    expect((await registry.call('GET', fresh)).status).toBe(204);
    expect((await registry.call('GET', third)).status).toBe(204);
  });

  it('throws the bytes of abandoned uploads away, not those of others', async () => {
    let now = Date.now();
    const registry = createTestRegistry({ clock: { now: () => now } });
    const location = await begin(registry);
    await registry.call('PATCH', location, { body: 'ab' });
    const other = await registry.storage.content.ingest('layer-1');
    await other.write(bytesOf('ab'));
    await other.close();
    now += 25 * 60 * 60 * 1000;
    await begin(registry);
    expect(await ingestRefs(registry.storage)).toEqual(['layer-1']);
    expect((await registry.call('GET', location)).status).toBe(404);
  });
});

describe('the sizes of chunks', () => {
  it('are told when an upload begins', async () => {
    const limits = { minChunkBytes: 2, maxChunkBytes: 5 };
    const { call } = createTestRegistry({ limits });
    const { headers } = await call('POST', '/v2/a/blobs/uploads/');
    expect([headers.get('OCI-Chunk-Min-Length'), headers.get('OCI-Chunk-Max-Length')]).toEqual(['2', '5']);
    const unlimited = await createTestRegistry().call('POST', '/v2/a/blobs/uploads/');
    expect(
      unlimited.headers.has('OCI-Chunk-Min-Length') || unlimited.headers.has('OCI-Chunk-Max-Length'),
    ).toBe(false);
  });

  it.each([{}, { 'Content-Length': '6' }, { 'Content-Range': '2-7' }])(
    'are kept: %j and six bytes are too many, and the upload is gone on with',
    async (headers: Record<string, string>) => {
      const registry = createTestRegistry({ limits: { maxChunkBytes: 5 } });
      const location = await begin(registry);
      await registry.call('PATCH', location, { body: 'ab' });
      const refused = await registry.call('PATCH', location, { body: 'cdefgh', headers });
      expect([refused.status, await codesOf(refused)]).toEqual([413, ['SIZE_INVALID']]);
      await registry.call('PATCH', location, { body: 'cdef' });
      const digest = await digestBytes(bytesOf('abcdef'), 'sha512');
      expect((await registry.call('PUT', `${location}?digest=${digest}`)).status).toBe(201);
    },
  );
});
