import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createSecureServer } from 'node:http2';
import { createServer as createTlsServer } from 'node:https';
import { connect as connectTo, createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server as TcpServer, Socket } from 'node:net';
import { brotliCompressSync, deflateSync } from 'node:zlib';
import { isRegistryError } from '@stowage/types';
import type { EndpointTls, RegistryEndpoint } from '@stowage/types';
import { afterEach, describe, expect, it } from 'vitest';
import { readBody } from '../transport/body.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { endpointOf, rejection } from '../test-support/fixtures.ts';
import { CERTIFICATE, KEY } from '../test-support/certificate.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';
import { createTransport } from '../transport/transport.ts';
import type { TransportInit } from '../transport/transport-init.ts';
import type { Transport } from '../transport/transport.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** Starts a server on a free port of this machine; answers the port. */
async function listen(server: TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function serve(listener: RequestListener): Promise<string> {
  return `http://127.0.0.1:${String(await listen(createServer(listener)))}`;
}

async function serveTls(listener: RequestListener, options: object = {}): Promise<string> {
  const server: Server = createTlsServer({ cert: CERTIFICATE, key: KEY, ...options }, listener);
  return `https://127.0.0.1:${String(await listen(server))}`;
}

function transportTo(
  url: string,
  init: Partial<TransportInit> = {},
  flags: Partial<RegistryEndpoint> = {},
): Transport {
  return createTransport({ endpoint: parseEndpoint(endpointOf(url, flags)), proxy: false, ...init });
}

async function textFrom(transport: Transport, url: string, signal?: AbortSignal): Promise<string> {
  const answer = await transport.send({ method: 'GET', url, signal });
  return new TextDecoder().decode(await readBody(answer, { maxBytes: 2 ** 20, signal }));
}

describe('connections', () => {
  it('are used again, after an answer to HEAD too', async () => {
    const ports = new Set<number | undefined>();
    const url = await serve((request, response) => {
      ports.add(request.socket.remotePort);
      response.setHeader('content-length', '3');
      response.end(request.method === 'HEAD' ? undefined : 'abc');
    });
    const transport = transportTo(url);
    for (let count = 0; count < 10; count++) {
      await transport.send({ method: 'HEAD', url });
      expect(await textFrom(transport, url)).toBe('abc');
    }
    // A request that comes before the last one is quite over gets another connection.
    expect(ports.size).toBeLessThanOrEqual(2);
  });

  it('carry no header but ours', async () => {
    let seen: IncomingMessage['headers'] = {};
    const url = await serve((request, response) => {
      seen = request.headers;
      response.end();
    });
    await transportTo(url).send({ method: 'GET', url, headers: { range: 'bytes=0-1' } });
    expect(seen).toEqual({
      host: new URL(url).host,
      connection: 'keep-alive',
      'accept-encoding': 'identity',
      range: 'bytes=0-1',
      'user-agent': 'stowage',
    });
  });

  it('carry what is sent', async () => {
    const url = await serve((request, response) => {
      request.pipe(response);
    });
    const bodies = [
      'text',
      new TextEncoder().encode('bytes'),
      new Blob(['blob']),
      { size: 6, pieces: () => [new TextEncoder().encode('str'), new TextEncoder().encode('eam')] },
    ];
    for (const body of bodies) {
      const answer = await transportTo(url).send({ method: 'PUT', url, body });
      const text = new TextDecoder().decode(await readBody(answer, { maxBytes: 100 }));
      expect(['text', 'bytes', 'blob', 'stream']).toContain(text);
    }
  });

  it('bring headers of 48 KiB, and none of 80', async () => {
    const url = await serve((request, response) => {
      response.setHeader('x-long', 'x'.repeat(Number(request.url?.slice(1)) * 1024));
      response.end();
    });
    const transport = transportTo(url);
    const answer = await transport.send({ method: 'GET', url: `${url}/48` });
    expect(answer.response.headers.get('x-long')?.length).toBe(48 * 1024);
    const error = await rejection(transport.send({ method: 'GET', url: `${url}/80` }));
    expect(isRegistryError(error) && error.code).toBe('UNAVAILABLE');
  });

  it.each([
    ['deflate', deflateSync('abc')],
    ['br', brotliCompressSync('abc')],
    ['identity', 'abc'],
  ])('have a coding undone: %s', async (coding, body) => {
    const url = await serve((_request, response) => {
      response.writeHead(200, { 'content-encoding': coding }).end(body);
    });
    expect(await textFrom(transportTo(url), url)).toBe('abc');
  });

  it('fail at once where nobody listens, over https too', async () => {
    const port = await listen(createTcpServer());
    await closers.pop()?.();
    const begun = performance.now();
    for (const url of [`http://127.0.0.1:${String(port)}/`, `https://127.0.0.1:${String(port)}/`]) {
      const error = await rejection(transportTo(new URL(url).origin).send({ method: 'GET', url }));
      expect(isRegistryError(error) && error.message).toContain('ECONNREFUSED');
    }
    expect(performance.now() - begun).toBeLessThan(2_000);
  });

  it('that stand still end, before an answer and within it', async () => {
    for (const begins of [false, true]) {
      let closed: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        closed = resolve;
      });
      const url = await serve((request, response) => {
        request.socket.once('close', closed);
        if (begins) response.write('abc');
      });
      const clock = new TestClock({ limitsExpire: true });
      // Time passes at once, but not before the answer could begin.
      const sleep = clock.sleep.bind(clock);
      clock.sleep = async (milliseconds, options) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        await sleep(milliseconds, options);
      };
      const error = await rejection(textFrom(transportTo(url, { clock, inactivityTimeout: 60 }), `${url}/a`));
      expect(isRegistryError(error) && [error.code, error.reason, error.retryable, error.message]).toEqual([
        'TIMEOUT',
        'stalled',
        true,
        `Get "${url}/a": nothing came for 60 s`,
      ]);
      await ended;
    }
  });

  it('end when the request is aborted, before an answer and within it', async () => {
    for (const begins of [false, true]) {
      let closed: () => void = () => undefined;
      let reached: () => void = () => undefined;
      const ended = new Promise<void>((resolve) => {
        closed = resolve;
      });
      const asked = new Promise<void>((resolve) => {
        reached = resolve;
      });
      const url = await serve((request, response) => {
        request.socket.once('close', closed);
        if (begins) response.write('abc');
        reached();
      });
      const controller = new AbortController();
      const error = rejection(textFrom(transportTo(url), url, controller.signal));
      await asked;
      await new Promise((resolve) => setTimeout(resolve, begins ? 50 : 0));
      controller.abort('enough');
      expect(await error).toBe('enough');
      await ended;
    }
  });
});

describe('certificates', () => {
  const own: EndpointTls = { ca: [CERTIFICATE] };

  it('of an authority that was given for the endpoint are good', async () => {
    const url = await serveTls((_request, response) => response.end('abc'));
    expect(await textFrom(transportTo(url, {}, { tls: own }), url)).toBe('abc');
    const error = await rejection(transportTo(url).send({ method: 'GET', url }));
    expect(isRegistryError(error) && [error.reason, error.retryable]).toEqual(['certificate', false]);
  });

  it('of the client go to the endpoint and to no other', async () => {
    const seen: boolean[] = [];
    const options = { requestCert: true, ca: CERTIFICATE, rejectUnauthorized: false };
    const note = (request: IncomingMessage): void =>
      void seen.push('authorized' in request.socket && request.socket.authorized === true);
    const store = await serveTls((request, response) => {
      note(request);
      response.end('abc');
    }, options);
    const url = await serveTls((request, response) => {
      note(request);
      response.writeHead(307, { location: store }).end();
    }, options);
    const tls = { ...own, cert: CERTIFICATE, key: KEY };
    expect(await textFrom(transportTo(url, {}, { tls }), url)).toBe('abc');
    expect(seen).toEqual([true, false]);
  });
});

describe('HTTP/2', () => {
  it('is spoken only when asked for', async () => {
    const server = createSecureServer(
      { cert: CERTIFICATE, key: KEY, allowHTTP1: true },
      (request, response) => {
        response.end(request.httpVersion);
      },
    );
    const url = `https://127.0.0.1:${String(await listen(server))}`;
    const flags = { tls: { ca: [CERTIFICATE] } };
    expect(await textFrom(transportTo(url, { http2: true }, flags), url)).toBe('2.0');
    expect(await textFrom(transportTo(url, {}, flags), url)).toBe('1.1');
  });
});

describe('a proxy', () => {
  /** A proxy that leads everything to one port, and notes what it was asked for. */
  async function proxyTo(port: number): Promise<{ url: string; asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(
        `${request.method ?? ''} ${request.url ?? ''} ${request.headers['proxy-authorization'] ?? '-'}`,
      );
      response.end('by the proxy');
    });
    server.on('connect', (request, socket, head) => {
      asked.push(`CONNECT ${request.url ?? ''} ${request.headers['proxy-authorization'] ?? '-'}`);
      const upstream = connectTo(port, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        upstream.write(head);
        upstream.pipe(socket).pipe(upstream);
      });
      upstream.on('error', () => socket.destroy());
      socket.on('error', () => upstream.destroy());
    });
    return { url: `http://ann:pass%21@127.0.0.1:${String(await listen(server))}`, asked };
  }

  it('is asked for http, and led through for https, with its own credentials', async () => {
    const origin = await serveTls((_request, response) => response.end('abc'));
    const { url, asked } = await proxyTo(Number(new URL(origin).port));
    const proxy = { httpProxy: url, httpsProxy: url };
    const credentials = `Basic ${btoa('ann:pass!')}`;
    const plain = 'http://registry.test:5000';
    expect(await textFrom(transportTo(plain, { proxy }), `${plain}/v2/`)).toBe('by the proxy');
    const secure = 'https://localhost.registry.test';
    const error = await rejection(
      transportTo(secure, { proxy }, { tls: { ca: [CERTIFICATE] } }).send({ method: 'GET', url: secure }),
    );
    expect(isRegistryError(error) && error.reason).toBe('certificate');
    expect(await textFrom(transportTo(secure, { proxy }, { insecure: true }), `${secure}/v2/`)).toBe('abc');
    expect(asked[0]).toBe(`GET ${plain}/v2/ ${credentials}`);
    expect(asked.at(-1)).toBe(`CONNECT localhost.registry.test:443 ${credentials}`);
  });

  it('is not asked where it is not to be', async () => {
    const { url, asked } = await proxyTo(1);
    const proxy = { httpProxy: url, httpsProxy: url, noProxy: 'registry.invalid' };
    const direct = 'http://registry.invalid:5000';
    await rejection(transportTo(direct, { proxy }).send({ method: 'GET', url: direct }));
    const local = await serve((_request, response) => response.end('abc'));
    expect(await textFrom(transportTo(local, { proxy }), local)).toBe('abc');
    expect(asked).toEqual([]);
  });
});
