import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { afterEach, describe, expect, it } from 'vitest';
import { digestBytes } from '@stowage/core';
import { isRegistryError, isStowageError } from '@stowage/types';
import type { Repository } from '@stowage/types';
import { build } from 'esbuild';
import { createRepository } from '../repository/repository.ts';
import { all, endpointOf, rejection, textOf } from '../test-support/fixtures.ts';
import { CERTIFICATE, KEY } from '../test-support/certificate.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A server on a free port of this machine; `/v2/` lets everybody in. */
async function serve(
  handle: RequestListener,
  make: (listener: RequestListener) => Server = (listener) => createServer(listener),
): Promise<{ url: string; server: Server }> {
  const server = make((request, response) => {
    if (request.url === '/v2/') response.end();
    else handle(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`, server };
}

function repositoryAt(url: string, insecure = false): Repository {
  return createRepository({
    endpoint: endpointOf(url, { insecure }),
    name: 'team/app',
    clock: new TestClock(),
  });
}

const TEXT = 'abcdefghij'.repeat(10_000);
const DIGEST = await digestBytes(new TextEncoder().encode(TEXT));

function range(request: IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

describe('over a real connection', () => {
  it('streams a blob behind a redirect to another port, without Authorization', async () => {
    const seen: (string | undefined)[] = [];
    const store = await serve((request, response) => {
      seen.push(
        request.headers.authorization,
        request.headers['accept-encoding'],
        request.headers['user-agent'],
      );
      response.writeHead(206, { 'content-range': `bytes ${String(range(request))}-99999/100000` });
      response.end(TEXT.slice(range(request)));
    });
    const registry = await serve((request, response) => {
      seen.push(request.headers.authorization);
      if (request.headers.authorization === undefined) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('no');
      } else {
        response.writeHead(307, { location: `${store.url}/blob?signature=1` }).end('over there');
      }
    });
    const repository = createRepository({
      endpoint: endpointOf(registry.url),
      name: 'team/app',
      auth: { username: 'ann', password: 'secret' },
    });
    expect(await textOf(await repository.blobs.open(DIGEST, { offset: 50_000 }))).toBe(TEXT.slice(50_000));
    expect(seen).toEqual([undefined, 'Basic YW5uOnNlY3JldA==', undefined, 'identity', 'stowage']);
  });

  it('learns from the 401 of a HEAD or a GET what to send', async () => {
    const seen: string[] = [];
    const { url } = await serve((request, response) => {
      const { method = '', url: path = '', headers } = request;
      seen.push(`${method} ${path.replace(/\?.*/, '')} ${headers.authorization ?? '-'}`);
      const realm = `Bearer realm="http://${headers.host ?? ''}/token"`;
      if (path.startsWith('/token')) response.end('{"token":"t1"}');
      else if (headers.authorization !== 'Bearer t1') {
        response.writeHead(401, { 'www-authenticate': realm }).end('{"errors":[]}');
      } else response.writeHead(200, { 'content-length': String(TEXT.length) }).end(TEXT);
    });
    const path = `/v2/team/app/blobs/${DIGEST}`;
    const token = 'GET /token -';
    expect((await repositoryAt(url).blobs.stat(DIGEST)).size).toBe(TEXT.length);
    expect(seen.splice(0)).toEqual([`HEAD ${path} -`, token, `HEAD ${path} Bearer t1`]);
    expect(await textOf(await repositoryAt(url).blobs.open(DIGEST))).toBe(TEXT);
    expect(seen.splice(0)).toEqual([`GET ${path} -`, token, `GET ${path} Bearer t1`]);
  });

  it('uses connections again', async () => {
    const sockets = new Set<Socket>();
    const { url } = await serve((request, response) => {
      sockets.add(request.socket);
      response.end('{"tags":["v1"]}');
    });
    const repository = repositoryAt(url);
    for (let count = 0; count < 6; count++) expect(await all(repository.tags())).toEqual(['v1']);
    // A connection is free again a moment after the end of its body, so that two may take turns.
    expect(sockets.size).toBeLessThanOrEqual(2);
  });

  it('tries again when the connection is dropped before an answer', async () => {
    let requests = 0;
    const { url } = await serve((request, response) => {
      requests += 1;
      if (requests < 3) request.socket.destroy();
      else response.end('{"tags":["v1"]}');
    });
    expect(await all(repositoryAt(url).tags())).toEqual(['v1']);
    expect(requests).toBe(3);
  });

  it.each([
    ['its length announced', { 'content-length': String(TEXT.length) }],
    ['in chunks', {}],
  ])('tells when a body breaks off, %s', async (_name, headers) => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, headers);
      response.write(TEXT.slice(0, 1000), () => {
        response.destroy();
      });
    });
    const error = await rejection(textOf(await repositoryAt(url).blobs.open(DIGEST)));
    expect(isRegistryError(error) && [error.code, error.retryable, error.reason]).toEqual([
      'UNAVAILABLE',
      true,
      'reset',
    ]);
    expect((error as Error).cause).toBeInstanceOf(Error);
  });

  it.each(['aborted', 'cancelled'])('closes the connection when a blob is %s', async (how) => {
    let closed: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { url } = await serve((request, response: ServerResponse) => {
      request.socket.once('close', closed);
      response.writeHead(200);
      response.write('a');
    });
    const controller = new AbortController();
    const { signal } = controller;
    const reader = (await repositoryAt(url).blobs.open(DIGEST, { signal })).getReader();
    await reader.read();
    const reason = new Error('enough');
    if (how === 'aborted') {
      const next = rejection(reader.read());
      controller.abort(reason);
      expect(await next).toBe(reason);
    } else {
      await reader.cancel(reason);
    }
    await gone;
  });

  it('is aborted while it waits for an answer', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const { url } = await serve(() => {
      controller.abort(reason);
    });
    expect(await rejection(all(repositoryAt(url).tags({ signal: controller.signal })))).toBe(reason);
  });

  it('reads headers of 60 KB', async () => {
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'x-long': 'x'.repeat(60_000) }).end('{"tags":["v1"]}');
    });
    expect(await all(repositoryAt(url).tags())).toEqual(['v1']);
  });

  it('undoes a coding that a proxy put on, and verifies what comes out', async () => {
    const { gzipSync } = await import('node:zlib');
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(TEXT));
    });
    expect(await textOf(await repositoryAt(url).blobs.open(DIGEST, { size: TEXT.length }))).toBe(TEXT);
  });

  it('says that a connection was refused', async () => {
    const { url, server } = await serve(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    const error = await rejection(all(repositoryAt(url).tags()));
    expect(isStowageError(error, 'UNAVAILABLE') && error.retryable).toBe(true);
    expect((error as Error).message).toMatch(
      /^Get "http:\/\/127\.0\.0\.1:\d+\/v2\/team\/app\/tags\/list": connect ECONNREFUSED/,
    );
  });
});

describe('certificates', () => {
  const tls = (listener: RequestListener): Server =>
    createTlsServer({ cert: CERTIFICATE, key: KEY }, listener);

  it('are checked, and no other try is made when one does not do', async () => {
    let requests = 0;
    const { url } = await serve(() => (requests += 1), tls);
    const error = await rejection(all(repositoryAt(url.replace('http:', 'https:')).tags()));
    expect(isRegistryError(error) && [error.code, error.reason, error.retryable]).toEqual([
      'UNAVAILABLE',
      'certificate',
      false,
    ]);
    expect((error as Error).message).toContain('self-signed certificate');
    expect(requests).toBe(0);
  });

  it('go unchecked for an insecure endpoint', async () => {
    const { url } = await serve((_request, response) => response.end('{"tags":["v1"]}'), tls);
    expect(await all(repositoryAt(url.replace('http:', 'https:'), true).tags())).toEqual(['v1']);
  });

  it('are not what is wrong with a server that speaks http', async () => {
    const { url } = await serve((_request, response) => response.end());
    const error = await rejection(all(repositoryAt(url.replace('http:', 'https:')).tags()));
    expect(isRegistryError(error) && [error.reason, error.retryable]).toEqual(['protocol', false]);
  });
});

describe('a process', () => {
  it('ends by itself after its last request, its own dispatcher untouched', async () => {
    const { url } = await serve((_request, response) => response.end('here'));
    const { outputFiles } = await build({
      stdin: {
        contents: `
          import { defaultFetch } from './platform.node.ts';
          const own = () => [1, 2].map((n) => globalThis[Symbol.for('undici.globalDispatcher.' + n)]);
          const before = own();
          const url = new URL('/a', process.env.TARGET);
          const response = await defaultFetch({ insecure: false })(url, {}, {});
          const { value } = await response.body.getReader().read();
          const untouched = own().every((dispatcher, index) => dispatcher === before[index]);
          console.log(new TextDecoder().decode(value), untouched);
        `,
        resolveDir: import.meta.dirname,
        loader: 'ts',
      },
      bundle: true,
      write: false,
      format: 'esm',
      platform: 'node',
      packages: 'external',
    });
    const output = await new Promise<string>((resolve, reject) => {
      const child = execFile(
        process.execPath,
        ['--input-type=module'],
        // Idle connections are closed after 4 s; a process that waits for that is killed before.
        { cwd: import.meta.dirname, env: { ...process.env, TARGET: url }, timeout: 3_500 },
        (error, stdout) => {
          if (error === null) resolve(stdout);
          else reject(new Error('the process did not end well', { cause: error }));
        },
      );
      child.stdin?.end(outputFiles[0]?.text);
    });
    expect(output).toBe('here true\n');
  });
});
