import { digestBytes, streamOf } from '@stowage/core';
import { isRegistryError, isStowageError } from '@stowage/types';
import type { ContentUpload, StreamUpload } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { rejection } from '../test-support/fixtures.ts';
import { cut, errorOf, joined, UploadRegistry } from '../test-support/upload-registry.ts';
import type { UploadQuirk } from '../test-support/upload-registry.ts';
import { contentOf, noise, oneShot, sessionLog, writable } from '../test-support/uploads.ts';

const BYTES = noise(100);

/** The ways of an upload, each with how many requests it takes. */
const PATHS: readonly [string, (options: object) => Promise<ContentUpload | StreamUpload>, number][] = [
  ['in one request', async (options) => ({ ...(await contentOf(BYTES)).content, ...options }), 2],
  ['in chunks', async (options) => ({ ...(await contentOf(BYTES)).content, chunkSize: 40, ...options }), 5],
  ['of a stream', (options) => Promise.resolve({ stream: oneShot(BYTES), chunkSize: 40, ...options }), 5],
];

/** Where a connection may break: before the registry saw anything, after part of the body, after all of it. */
const CUTS: readonly [string, number][] = [
  ['nothing arrived', -1],
  ['half arrived', 0.5],
  ['all arrived', 1],
];

/** Breaks a connection once, when so much of the request has arrived. */
function cutAt(index: number, share: number): UploadQuirk {
  return async (request, self) => {
    if (request.index !== index) return undefined;
    if (share === 1) await self.answer(request);
    const id = request.url.pathname.split('/').at(-1) ?? '';
    const held = self.sessions.get(id);
    if (share === 0.5 && held !== undefined) {
      self.sessions.set(id, joined(held, request.body.subarray(0, request.body.byteLength / 2)));
    }
    throw cut();
  };
}

const STEPS = PATHS.flatMap(([path, make, requests]) =>
  CUTS.flatMap(([where, share]) =>
    Array.from({ length: requests }, (_, index) => ({ path, make, where, share, index })),
  ),
);

describe('a connection that breaks', () => {
  it.each(STEPS)('$path, at request $index, when $where', async ({ make, share, index }) => {
    const registry = new UploadRegistry(cutAt(index, share));
    const { digest, size } = await writable(registry).repository.blobs.upload(await make({}));
    expect([digest, size]).toEqual([await digestBytes(BYTES), 100]);
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it.each(STEPS.filter(({ index }) => index > 0))(
    '$path, for good, at request $index, when $where: another process goes on',
    async ({ path, make, share, index }) => {
      let dead = true;
      const cutting = cutAt(index, share);
      const registry = new UploadRegistry(async (request, self) => {
        if (!dead || request.index < index) return undefined;
        if (request.index > index) throw cut();
        return await cutting(request, self);
      });
      const { sessions, onSession } = sessionLog();
      const { repository } = writable(registry, { retry: { attempts: 2 } });
      expect(isStowageError(await rejection(repository.blobs.upload(await make({ onSession }))))).toBe(true);
      dead = false;
      const session = sessions.at(-1);
      const rest = { session, stream: oneShot(BYTES.subarray(session?.offset)) };
      const upload = path === 'of a stream' ? { ...(await make({})), ...rest } : await make({ session });
      const sessionIsGone = path === 'of a stream' && registry.sessions.size === 0;
      const other = writable(registry).repository.blobs;
      if (sessionIsGone) {
        // It was closed: nobody can read the stream again, but the blob is there.
        expect((await other.stat(await digestBytes(BYTES))).size).toBe(100);
        return;
      }
      expect((await other.upload(upload)).digest).toBe(await digestBytes(BYTES));
      expect([...registry.blobs.values()]).toEqual([BYTES]);
    },
  );

  it('after it closed the upload: who goes on with the session sends nothing', async () => {
    const registry = new UploadRegistry();
    const { content, digest } = await contentOf(BYTES);
    registry.blobs.set(digest, BYTES);
    const session = { url: registry.location('u1'), offset: 40, started: true };
    const done = await writable(registry).repository.blobs.upload({ ...content, session });
    expect([done.digest, done.size, registry.methods]).toEqual([digest, 100, 'GET HEAD']);
  });

  it('and a stream is gone on with though more arrived than was known', async () => {
    const registry = new UploadRegistry();
    const state = { url: registry.location('u1'), offset: 0, started: true };
    registry.sessions.set('u1', BYTES.slice(0, 55));
    const upload = { stream: oneShot(BYTES), chunkSize: 40, session: state };
    registry.sessions.set('u1', BYTES.slice(0, 55));
    expect((await writable(registry).repository.blobs.upload(upload)).size).toBe(100);
    expect(registry.methods).toBe('GET PATCH PATCH PUT');
    registry.sessions.set('u1', BYTES.slice(0, 55));
    const short = { stream: streamOf(BYTES.subarray(0, 10)), session: state };
    const error = await rejection(writable(registry).repository.blobs.upload(short));
    expect(isStowageError(error, 'SIZE_MISMATCH')).toBe(true);
  });

  it('is given up where it breaks over and over', async () => {
    const registry = new UploadRegistry(({ method }) => {
      if (method === 'PUT') throw cut();
      return undefined;
    });
    const { repository, clock } = writable(registry);
    const { content } = await contentOf(BYTES);
    const error = await rejection(repository.blobs.upload(content));
    expect(isRegistryError(error) && error.reason).toBe('reset');
    expect(clock.slept).toEqual([500, 1000]);
  });

  it('in a page, which is told nothing but that it failed, is looked into as well', async () => {
    const registry = new UploadRegistry(({ index }) => {
      if (index === 1) throw new TypeError('Failed to fetch');
      return undefined;
    });
    const { content } = await contentOf(BYTES);
    expect((await writable(registry).repository.blobs.upload(content)).size).toBe(100);
  });
});

describe('a registry that is out of order', () => {
  it.each([429, 500, 503])('is asked again after %i, when it says', async (status) => {
    const registry = new UploadRegistry(({ index }) =>
      index === 1 ? errorOf(status, 'UNKNOWN', { 'retry-after': '7' }) : undefined,
    );
    const { repository, clock } = writable(registry);
    const { content } = await contentOf(BYTES);
    await repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(clock.slept).toEqual([7000]);
    expect(registry.methods).toBe('POST PATCH GET PATCH PATCH PATCH PUT');
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it.each([
    [429, 'RATE_LIMITED'],
    [503, 'UNAVAILABLE'],
  ])('is given up after three times %i', async (status, code) => {
    const registry = new UploadRegistry(({ method }) =>
      method === 'PATCH' ? errorOf(status, 'UNKNOWN') : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 }));
    expect(isRegistryError(error) && error.code).toBe(code);
  });

  it('and has the blob after a failed closing request, is done', async () => {
    const registry = new UploadRegistry(async (request, self) => {
      if (request.method !== 'PUT') return undefined;
      await self.answer(request);
      return errorOf(504, 'UNKNOWN');
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload(content);
    expect(registry.methods).toBe('POST PUT HEAD');
  });

  it('and has nothing after a failed closing request, gets everything once more', async () => {
    const lose: UploadQuirk = ({ index, method }, self) => {
      if (method !== 'PUT' || index > 2) return undefined;
      self.sessions.clear();
      return errorOf(404, 'BLOB_UPLOAD_UNKNOWN');
    };
    const registry = new UploadRegistry(lose);
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload(content);
    expect(registry.methods).toBe('POST PUT HEAD DELETE POST PUT');
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it('gets everything once more, and no more often', async () => {
    const registry = new UploadRegistry(({ method }) =>
      method === 'PUT' ? errorOf(500, 'UNKNOWN') : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isRegistryError(error) && error.status).toBe(500);
    expect(registry.log.filter((line) => line.startsWith('POST')).length).toBe(2);
  });

  it('loses the session', async () => {
    const registry = new UploadRegistry(({ index }, self) => {
      if (index === 2) self.sessions.clear();
      return undefined;
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it('does not tell how much it has', async () => {
    const registry = new UploadRegistry(async (request, self) => {
      if (request.method !== 'PATCH') return undefined;
      return new Response(null, { status: (await self.answer(request)).status });
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it('takes part of a chunk', async () => {
    const registry = new UploadRegistry(async (request, self) => {
      if (request.index !== 1) return undefined;
      const body = request.body.subarray(0, 10);
      const headers = new Headers({ 'content-range': '0-9' });
      return await self.answer({ ...request, body, headers });
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect([...registry.blobs.values()]).toEqual([BYTES]);
    const other = new UploadRegistry(async (request, self) => {
      if (request.index !== 1) return undefined;
      return await self.answer({ ...request, body: request.body.subarray(0, 10), headers: new Headers() });
    });
    await writable(other).repository.blobs.upload({ stream: oneShot(BYTES), chunkSize: 40 });
    expect([...other.blobs.values()]).toEqual([BYTES]);
  });

  it('says that nothing comes, and takes it all the same', async () => {
    const registry = new UploadRegistry(async (request, self) => {
      if (request.method !== 'PATCH' && request.method !== 'GET') return undefined;
      const { status } = await self.answer(request);
      return new Response(null, { status, headers: { range: '0-0' } });
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(registry.methods).toBe('POST PATCH GET PATCH PATCH PUT');
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it('says that nothing comes, and loses it: then everything is sent once more', async () => {
    let honest = false;
    const registry = new UploadRegistry((request) => {
      if (request.method === 'POST' && request.index > 0) honest = true;
      if (honest || !request.url.pathname.includes('/upload/') || request.method === 'PUT') return undefined;
      return new Response(null, { status: 201, headers: { range: '0-0' } });
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });

  it('claims to have more than there is', async () => {
    const registry = new UploadRegistry(({ index, method }) => {
      if (index === 1) throw cut();
      if (method === 'GET') return new Response(null, { status: 204, headers: { range: '0-5000' } });
      return undefined;
    });
    const { content } = await contentOf(BYTES);
    await writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 });
    expect(registry.methods).toBe('POST PATCH GET DELETE POST PATCH PATCH PATCH PUT');
  });

  it('always wants another chunk than the one it gets', async () => {
    const registry = new UploadRegistry(({ method }, self) =>
      method === 'PATCH' ? self.session(416, [...self.sessions.keys()][0] ?? '') : undefined,
    );
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload({ ...content, chunkSize: 40 }));
    expect(isStowageError(error, 'UNAVAILABLE') && error.reason).toBe('upload-stalled');
  });
});

describe('a token that runs out', () => {
  it.each([0, 1, 2, 3, 4])('at request %i of an upload is renewed, and nothing begins anew', async (at) => {
    const challenge = { 'www-authenticate': 'Bearer realm="https://registry.example/token",service="r"' };
    let issued = 0;
    let taken = 0;
    let good = '';
    const registry = new UploadRegistry(({ url, headers }) => {
      if (url.pathname === '/token') {
        issued += 1;
        good = `t${String(issued)}`;
        return Response.json({ token: good, expires_in: 300 });
      }
      if (taken === at && issued === 1) good = '';
      if (headers.get('authorization') !== `Bearer ${good}`) {
        return new Response(null, { status: 401, headers: challenge });
      }
      taken += 1;
      return undefined;
    });
    await writable(registry).repository.blobs.upload({ stream: oneShot(BYTES), chunkSize: 40 });
    expect(issued).toBe(2);
    expect(taken).toBe(5);
    expect([...registry.blobs.values()]).toEqual([BYTES]);
  });
});

describe('a location', () => {
  const begun = (location: string): UploadRegistry =>
    new UploadRegistry(({ method, url }, self) => {
      if (method !== 'POST') return undefined;
      self.sessions.set('u9', new Uint8Array());
      expect(url.pathname).toBe('/v2/team/app/blobs/uploads/');
      return new Response(null, { status: 202, headers: { location } });
    });

  it.each([
    ['https://registry.example/v2/up/u9?a=b', 'https://registry.example/v2/up/u9?a=b&'],
    ['https://registry.example:443/v2/up/u9', 'https://registry.example/v2/up/u9?'],
    ['http://registry.example/v2/up/u9?a=%2F', 'https://registry.example/v2/up/u9?a=%2F&'],
    ['u9', 'https://registry.example/v2/team/app/blobs/uploads/u9?'],
  ])('%s is followed, with credentials', async (location, closing) => {
    const registry = begun(location);
    const { content, digest } = await contentOf(BYTES);
    const auth = { registryToken: 't' };
    const registryLog = new UploadRegistry((request) =>
      request.url.pathname === '/v2/'
        ? new Response(null, {
            status: 401,
            headers: { 'www-authenticate': 'Bearer realm="https://x.example/t"' },
          })
        : registry.fetch(request.url.href, {
            method: request.method,
            headers: request.headers,
            ...(request.body.byteLength > 0 ? { body: request.body as Uint8Array<ArrayBuffer> } : {}),
          }),
    );
    await writable(registryLog, { auth }).repository.blobs.upload(content);
    const last = registryLog.requests.at(-1);
    expect(last?.url.href).toBe(`${closing}digest=${encodeURIComponent(digest)}`);
    expect(last?.headers.get('authorization')).toBe('Bearer t');
  });

  it.each([
    'https://evil.example/up/u9',
    'https://registry.example:444/up/u9',
    'https://registry.example.evil.example/up/u9',
  ])('%s is followed without any', async (location) => {
    const registry = new UploadRegistry(({ method, url, headers }, self) => {
      if (url.pathname === '/v2/') {
        const challenge = 'Bearer realm="https://x.example/t"';
        return new Response(null, { status: 401, headers: { 'www-authenticate': challenge } });
      }
      if (method === 'POST') {
        expect(headers.get('authorization')).toBe('Bearer t');
        self.sessions.set('u9', new Uint8Array());
        return new Response(null, { status: 202, headers: { location } });
      }
      return undefined;
    });
    const { content } = await contentOf(BYTES);
    const init = { auth: { registryToken: 't' }, metaHeaders: { 'x-secret': 's' } };
    await writable(registry, init).repository.blobs.upload(content);
    const last = registry.requests.at(-1);
    expect(last?.url.href.startsWith(location)).toBe(true);
    expect([last?.headers.get('authorization'), last?.headers.get('x-secret')]).toEqual([null, null]);
  });

  it.each([
    'http://evil.example/up/u9',
    'http://registry.example:8080/up/u9',
    'https://user:pass@registry.example/up/u9',
    'https://127.0.0.1/up/u9',
    'https://169.254.169.254/up/u9',
    'https://10.0.0.1/up/u9',
    'file:///etc/passwd',
    'http://',
  ])('%s is refused', async (location) => {
    const registry = begun(location);
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isRegistryError(error) && error.reason).toBe('redirect');
    expect(registry.methods).toBe('POST');
    const session = { url: location, offset: 0 };
    const other = await rejection(writable(registry).repository.blobs.upload({ ...content, session }));
    expect(isRegistryError(other) && other.reason).toBe('redirect');
    expect(registry.methods).toBe('POST');
  });

  it('must be told', async () => {
    const registry = new UploadRegistry(() => new Response(null, { status: 202 }));
    const { content } = await contentOf(BYTES);
    const error = await rejection(writable(registry).repository.blobs.upload(content));
    expect(isStowageError(error, 'REGISTRY')).toBe(true);
  });
});
