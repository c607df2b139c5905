import { createServer as createHttpServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { CERTIFICATE, KEY } from '../../packages/registry/src/test-support/certificate.ts';
import { createRegistryService, createRepository } from '@stowage/registry';
import type { Repository } from '@stowage/types';
import { afterEach, describe, expect, it } from 'vitest';
import { endpoint } from './support/endpoint.ts';
import { ANN, NOTHING, World, challenge, redirect, tags, failureOf } from './support/world.ts';

// Who gets to see credentials, over real sockets: the rows of the list of past advisories that a scripted network cannot
// show, beside those of registry-auth.test.ts.

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    await new Promise((resolve) => {
      server.close(resolve);
      if ('closeAllConnections' in server) (server as { closeAllConnections(): void }).closeAllConnections();
    });
  }
});

/** A real server on this machine; answers its port. */
async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function tlsServer(listener: RequestListener): Server {
  return createTlsServer({ cert: CERTIFICATE, key: KEY }, listener);
}

describe('row 2: from https to http, over real sockets', () => {
  it('a host with a bad certificate is never asked over http', async () => {
    const asked: string[] = [];
    const port = await listen(tlsServer((_request, response) => response.end()));
    const plain = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    await listen(plain);
    const service = createRegistryService({ insecureRegistries: ['other.test'] });
    const urls = (await service.lookupPullEndpoints('registry.test')).map(({ url }) => url);
    expect(urls).toEqual(['https://registry.test']);
    const repository = createRepository({
      endpoint: endpoint(`https://localhost:${String(port)}`),
      name: 'team/app',
      auth: ANN,
    });
    expect(await failureOf(tags(repository))).toBe('UNAVAILABLE certificate');
    expect(asked).toEqual([]);
  });

  it('no realm and no redirect of an https host leads to http, though another host is insecure', async () => {
    for (const header of [
      'Bearer realm="http://registry.test/token"',
      'Bearer realm="http://other.test/token"',
    ]) {
      const world = new World({ 'https://registry.test': () => challenge(header) });
      const repository = world.repository('https://registry.test', {
        auth: ANN,
        trustedRealms: ['registry.test', 'other.test'],
      });
      expect(await failureOf(tags(repository))).toBe('UNAUTHENTICATED realm');
      expect(world.leaks()).toEqual([]);
    }
  });
});

describe('row 6: the certificate of the token server', () => {
  it('is checked as any other', async () => {
    let asked = 0;
    const tokens = await listen(
      tlsServer((_request, response) => {
        asked += 1;
        response.end('{"token":"x"}');
      }),
    );
    const realm = `https://127.0.0.1:${String(tokens)}/token`;
    const registry = await listen(
      createHttpServer((_request, response) => {
        response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      }),
    );
    const at = (insecure: boolean): Repository =>
      createRepository({
        endpoint: endpoint(`http://127.0.0.1:${String(registry)}`, { insecure }),
        name: 'team/app',
        auth: ANN,
      });
    expect(await failureOf(tags(at(false)))).toBe('UNAVAILABLE certificate');
    expect(asked).toBe(0);
    // That this machine is listed as insecure is said of all of it.
    expect(await failureOf(tags(at(true)))).toBe('UNAUTHENTICATED -');
    expect(asked).toBe(2);
  });

  it('an insecure registry on another port does not make a secure one insecure', async () => {
    const listener: RequestListener = (_request, response) => response.end('{"tags":["v1"]}');
    const [one, two] = [await listen(tlsServer(listener)), await listen(tlsServer(listener))];
    const at = (port: number, insecure: boolean): Repository =>
      createRepository({
        endpoint: endpoint(`https://127.0.0.1:${String(port)}`, { insecure }),
        name: 'team/app',
      });
    expect(await tags(at(one, true))).toEqual(['v1']);
    expect(await failureOf(tags(at(two, false)))).toBe('UNAVAILABLE certificate');
    expect(await failureOf(tags(at(one, false)))).toBe('UNAVAILABLE certificate');
  });
});

describe('row 30: redirects over real sockets', () => {
  it('to another port of one host take no Authorization along', async () => {
    const seen: (string | undefined)[] = [];
    const store = await listen(
      createHttpServer((request, response) => {
        seen.push(request.headers.authorization, request.headers.referer);
        response.end('abc');
      }),
    );
    const registry = await listen(
      createHttpServer((request, response) => {
        const { authorization } = request.headers;
        if (authorization === undefined) {
          response.writeHead(401, { 'www-authenticate': 'Basic realm="r"' }).end();
        } else response.writeHead(307, { location: `http://127.0.0.1:${String(store)}/b` }).end();
      }),
    );
    const repository = createRepository({
      endpoint: endpoint(`http://127.0.0.1:${String(registry)}`),
      name: 'team/app',
      auth: ANN,
    });
    await (await repository.blobs.open(NOTHING, { verify: false })).cancel();
    expect(seen).toEqual([undefined, undefined]);
  });

  it.each([
    '10.0.0.1',
    '[fd00::1]',
    '192.168.1.1',
    '169.254.169.254',
    '[::ffff:10.0.0.1]',
    '0x0a000001',
    '127.1',
  ])('from a public host are not followed to %s', async (host) => {
    const world = new World({ 'https://registry.example.com': () => redirect(`https://${host}/b`) });
    const repository = world.repository('https://registry.example.com');
    expect(await failureOf(repository.blobs.open(NOTHING))).toBe('REGISTRY redirect');
    expect(world.seen.length).toBe(1);
  });

  it('to this machine and to metadata are not followed though private addresses are allowed', async () => {
    for (const host of ['127.0.0.1', '169.254.169.254', '[::1]', 'metadata.google.internal']) {
      const world = new World({ 'https://registry.example.com': () => redirect(`https://${host}/b`) });
      const init = { allowPrivateRedirects: true };
      const repository = world.repository('https://registry.example.com', init);
      expect(await failureOf(repository.blobs.open(NOTHING))).toBe('REGISTRY redirect');
    }
  });
});

describe('row 43: codings, over real sockets', () => {
  it('are declined, and a chain of them is refused before anything is unpacked', async () => {
    const accepted: (string | undefined)[] = [];
    const port = await listen(
      createHttpServer((request, response) => {
        accepted.push(request.headers['accept-encoding']);
        response.writeHead(200, { 'content-encoding': 'gzip, gzip, br' }).end('not unpacked');
      }),
    );
    const repository = createRepository({
      endpoint: endpoint(`http://127.0.0.1:${String(port)}`),
      name: 'team/app',
    });
    expect(await failureOf(tags(repository))).toBe('REGISTRY -');
    expect(await failureOf(repository.blobs.open(NOTHING))).toBe('REGISTRY -');
    expect(accepted).toEqual(['identity', 'identity']);
  });
});
