import { readFile } from 'node:fs/promises';
import { request } from 'node:https';
import { collect } from '@stowage/core';
import { createRepository, createTokenCache } from '@stowage/registry';
import { createRegistryServer } from '@stowage/registry-server';
import { createMemoryStorage } from '@stowage/storage';
import type { EndpointTls, Fetch, RegistryEndpoint } from '@stowage/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAuthority, createCertificate } from './support/certificates.ts';
import type { DockerRegistry } from './support/docker-registry.ts';
import { BIG_LAYER, pushReadingContent, READ_NAME, readingSuite } from './support/reading-suite.ts';
import { startTokenServer } from './support/token-server.ts';
import type { TokenServer } from './support/token-server.ts';
import { ALICE, useRegistries } from './support/use-registries.ts';

const BASIC = `Basic ${btoa('alice:s3cret')}`;

const registries = useRegistries();

function endpointOf(host: string, tls?: EndpointTls): RegistryEndpoint {
  const url = `${tls === undefined ? 'http' : 'https'}://${host}`;
  return { url, mirror: false, official: false, insecure: false, ...(tls === undefined ? {} : { tls }) };
}

/** `fetch` with an `Authorization` of its own. */
function authorized(authorization: string | (() => Promise<string>)): Fetch {
  return async (url, init) => {
    const headers = new Headers(init?.headers);
    headers.set('authorization', typeof authorization === 'string' ? authorization : await authorization());
    return await fetch(url, { ...init, headers });
  };
}

describe('a docker-registry', () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await registries.start();
    await pushReadingContent(fetch, `http://${registry.host}`);
  });
  readingSuite(() => ({ endpoint: endpointOf(registry.host) }));

  describe('that another one mirrors', () => {
    let mirror: DockerRegistry;
    beforeAll(async () => {
      mirror = await registries.start({ mirrorOf: registry.host });
    });
    readingSuite(() => ({ endpoint: { ...endpointOf(mirror.host), mirror: true } }), { mirror: true });

    it('which goes on without it', async () => {
      const before = (await registry.requests()).length;
      const { blobs } = createRepository({ endpoint: endpointOf(mirror.host), name: READ_NAME });
      const { digest, size } = BIG_LAYER;
      expect((await collect(await blobs.open(digest), { maxBytes: size })).length).toBe(size);
      const asked = (await registry.requests()).slice(before).filter((line) => line.startsWith('GET'));
      expect(asked.filter((line) => line.includes(`/blobs/${digest}`))).toEqual([]);
    });
  });
});

describe('a docker-registry that asks for a password', () => {
  let registry: DockerRegistry;
  beforeAll(async () => {
    registry = await registries.startWithPassword();
    await pushReadingContent(authorized(BASIC), `http://${registry.host}`);
  });
  readingSuite(() => ({ endpoint: endpointOf(registry.host), auth: ALICE }));

  it('shows nobody anything', async () => {
    const { manifests } = createRepository({ endpoint: endpointOf(registry.host), name: READ_NAME });
    await expect(manifests.get('v1')).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('a docker-registry with a certificate of its own authority, for clients with one', () => {
  let registry: DockerRegistry;
  let tls: EndpointTls;
  beforeAll(async () => {
    const authority = await createAuthority(registries.directory, 'authority');
    const server = await createCertificate(registries.directory, 'server', authority);
    const client = await createCertificate(registries.directory, 'client', authority);
    const [ca, cert, key] = await Promise.all(
      [authority.certificate, client.certificate, client.key].map((path) => readFile(path, 'utf8')),
    );
    tls = { ca: [ca ?? ''], cert, key };
    registry = await registries.start({ tls: { ...server, clients: authority.certificate } });
    await pushReadingContent(tlsFetch(tls), `https://${registry.host}`);
  });
  readingSuite(() => ({ endpoint: endpointOf(registry.host, tls) }));

  it('lets nobody in without', async () => {
    const { ca } = tls;
    const { manifests } = createRepository({ endpoint: endpointOf(registry.host, { ca }), name: READ_NAME });
    await expect(manifests.get('v1')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  it('is not believed by who does not know its authority', async () => {
    const { manifests } = createRepository({ endpoint: endpointOf(registry.host, {}), name: READ_NAME });
    const refused = { code: 'UNAVAILABLE', reason: 'certificate', retryable: false };
    await expect(manifests.get('v1')).rejects.toMatchObject(refused);
  });
});

describe.each(['rsa', 'ec'] as const)('a docker-registry that takes tokens (%s)', (kind) => {
  let registry: DockerRegistry;
  let tokens: TokenServer;
  beforeAll(async () => {
    const signer = await createAuthority(registries.directory, `signer-${kind}`, kind);
    tokens = registries.keep(await startTokenServer(signer, kind));
    registry = await registries.start({ token: { realm: tokens.realm, bundle: signer.certificate } });
    const scope = `repository:${READ_NAME}:pull,push`;
    const pushToken = async (): Promise<string> => {
      const url = `${tokens.realm}?service=x&scope=${scope}`;
      const reply = (await (await fetch(url, { headers: { authorization: BASIC } })).json()) as {
        token: string;
      };
      return `Bearer ${reply.token}`;
    };
    await pushReadingContent(authorized(pushToken), `http://${registry.host}`);
  });
  readingSuite(() => ({ endpoint: endpointOf(registry.host), auth: ALICE }));

  it('gives ten callers of a repository one token', async () => {
    const before = tokens.requests.length;
    const { manifests, blobs } = createRepository({ endpoint: endpointOf(registry.host), name: READ_NAME });
    const callers = Array.from({ length: 10 }, (_, index) =>
      index % 2 === 0 ? manifests.get('v1') : blobs.stat(BIG_LAYER.digest),
    );
    await Promise.all(callers);
    expect(tokens.requests.slice(before)).toEqual([`repository:${READ_NAME}:pull`]);
  });

  it('gives repositories that share their tokens one token', async () => {
    const before = tokens.requests.length;
    const shared = createTokenCache();
    for (let count = 0; count < 3; count++) {
      const init = { endpoint: endpointOf(registry.host), name: READ_NAME, tokens: shared };
      await createRepository(init).manifests.head('v1');
    }
    expect(tokens.requests.length - before).toBe(1);
  });

  it('gives a new token in the middle of a blob, which goes on', async () => {
    // The registry allows for a minute: these tokens run out within seconds.
    tokens.lifetime = -58;
    const before = tokens.requests.length;
    const ranges: (string | null)[] = [];
    const cutting: Fetch = async (url, init) => {
      const response = await fetch(url, init);
      if (!url.includes('/blobs/') || response.status >= 300) return response;
      ranges.push(new Headers(init?.headers).get('range'));
      if (ranges.length > 1) return response;
      return new Response(cutOnceRefused(response, url, tokens.lastToken), response);
    };
    const init = { endpoint: endpointOf(registry.host), name: READ_NAME, auth: ALICE, fetch: cutting };
    const { digest, size } = BIG_LAYER;
    const stream = await createRepository(init).blobs.open(digest, { size });
    const first = tokens.requests.length;
    tokens.lifetime = 300;
    expect((await collect(stream, { maxBytes: size })).length).toBe(size);
    expect(ranges[0]).toBeNull();
    expect(ranges[1]).toMatch(/^bytes=[1-9]\d*-$/);
    expect([first - before, tokens.requests.length - first]).toEqual([1, 1]);
  });
});

describe('our own registry server', () => {
  let host: string;
  beforeAll(async () => {
    const server = await registries.serve(createRegistryServer({ storage: createMemoryStorage() }));
    ({ host } = server);
    await pushReadingContent(fetch, `http://${host}`);
  });
  readingSuite(() => ({ endpoint: endpointOf(host) }));
});

/** The first piece of a body, and a cut as soon as the registry takes the token no more. */
function cutOnceRefused(
  response: Response,
  url: string,
  token: string,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = response.body?.getReader();
  let sent = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      async pull(controller): Promise<void> {
        const piece = sent ? undefined : (await reader?.read())?.value;
        sent = true;
        if (piece !== undefined) {
          controller.enqueue(piece);
          return;
        }
        await reader?.cancel();
        const headers = { authorization: `Bearer ${token}` };
        while ((await fetch(url, { method: 'HEAD', headers })).status !== 401) {
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        controller.error(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
      },
    },
    { highWaterMark: 0 },
  );
}

/** As much of `fetch` as it takes to push, with certificates. */
function tlsFetch({ ca, cert, key }: EndpointTls): Fetch {
  return (url, { method = 'GET', headers, body } = {}) =>
    new Promise((resolve, reject) => {
      const options = {
        method,
        headers: Object.fromEntries(new Headers(headers)),
        ca: [...(ca ?? [])],
        cert,
        key,
      };
      const sent = request(url, options, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('end', () => {
          const { statusCode: status = 500, headers: got } = response;
          const plain = Object.entries(got).map(([name, value]): [string, string] => [name, String(value)]);
          resolve(new Response(status === 204 ? null : Buffer.concat(pieces), { status, headers: plain }));
        });
      });
      sent.once('error', reject).end(body);
    });
}
