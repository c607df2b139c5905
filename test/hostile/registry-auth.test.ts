import fc from 'fast-check';
import { guardedLookup } from '../../packages/registry/src/platform/node-guard.ts';
import type { LookupAll } from '../../packages/registry/src/platform/node-guard.ts';
import { parseChallenges } from '@stowage/registry';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ANN, NOTHING, World, challenge, redirect, tags, failureOf } from './support/world.ts';
import type { Answerer } from './support/world.ts';
import { endpoint } from './support/endpoint.ts';

// Who gets to see credentials, over scripted networks; registry-sockets.test.ts shows it over real sockets. Each test is
// named after its row in the list of past advisories of the field; what registry-origins.test.ts shows already is not
// shown again here.

const REFRESH: AuthConfig = { identityToken: 'refresh-secret' };

describe('rows 8 and 9: a host that a manifest names asks for credentials', () => {
  it.each([
    'Basic realm="x"',
    'Bearer realm="https://registry.test/token"',
    'Bearer realm="https://evil.test/t"',
  ])('%s gets none, nor does the registry when it is led back to', async (header) => {
    const world = new World({
      'https://registry.test': ({ url, headers }) => {
        if (url.pathname === '/token') return Response.json({ token: 'token-secret' });
        if (url.pathname === '/back') return new Response(headers.get('authorization') ?? 'nothing');
        if (!headers.has('authorization')) return challenge('Bearer realm="https://registry.test/token"');
        return new Response(null, { status: 404 });
      },
      'https://evil.test': ({ url }) =>
        url.pathname === '/layer' ? challenge(header) : redirect('https://registry.test/back'),
    });
    const repository = world.repository('https://registry.test', { auth: ANN });
    for (const path of ['/layer', '/round']) {
      const opened = repository.blobs.open(NOTHING, { urls: [`https://evil.test${path}`], verify: false });
      const text = await opened.then(
        (stream) => new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).text(),
        () => 'failed',
      );
      expect(['failed', 'nothing']).toContain(text);
    }
    expect(world.leaks()).toEqual(['https://registry.test']);
    const led = world.seen.filter(({ url }) => url.pathname === '/back');
    expect(led.map(({ headers }) => headers.get('authorization'))).toEqual(led.map(() => null));
    expect(led.length).toBeGreaterThan(0);
  });
});

describe('row 25: a realm on another host', () => {
  it.each([
    ['a stranger', 'https://evil.example.org/token'],
    ['a neighbour at a registry for tenants', 'https://evil.azurecr.io/token'],
    ['a name that begins alike', 'https://registry.example.com.evil.test/token'],
    ['a name that ends alike', 'https://evilexample.com/token'],
    ['the shared suffix', 'https://com/token'],
    ['an address', 'https://93.184.216.34/token'],
  ])('%s gets nothing, and the error names the option', async (_name, realm) => {
    for (const auth of [ANN, REFRESH]) {
      for (const registry of ['https://registry.example.com', 'https://mine.azurecr.io']) {
        const world = new World({ [registry]: () => challenge(`Bearer realm="${realm}",service="s"`) });
        await expect(tags(world.repository(registry, { auth }))).rejects.toMatchObject({
          code: 'UNAUTHENTICATED',
          reason: 'realm',
        });
        expect(world.leaks()).toEqual([]);
        expect(world.seen.every(({ url }) => url.origin === registry)).toBe(true);
      }
    }
  });

  it('of the same owner gets them, over https only', async () => {
    const world = new World({
      'https://registry.example.com': ({ headers }) =>
        headers.get('authorization') === 'Bearer good'
          ? Response.json({ tags: ['v1'] })
          : challenge('Bearer realm="https://auth.example.com/token"'),
      'https://auth.example.com': () => Response.json({ token: 'good' }),
    });
    expect(await tags(world.repository('https://registry.example.com', { auth: ANN }))).toEqual(['v1']);
    expect(world.leaks()).toEqual(['https://auth.example.com']);
  });

  it('that is allowed by name is allowed with its port alone', async () => {
    const world = new World({
      'https://registry.test': () => challenge('Bearer realm="https://auth.org:8443/t"'),
    });
    for (const trustedRealms of [['auth.org'], ['https://auth.org:8443'], ['.auth.org:8443'], ['*']]) {
      const repository = world.repository('https://registry.test', { auth: ANN, trustedRealms });
      expect(await failureOf(tags(repository))).toBe('UNAUTHENTICATED realm');
    }
    expect(world.leaks()).toEqual([]);
  });

  it('over http gets nothing where the registry is on http too, unless it is insecure', async () => {
    const world = new World({
      'http://plain.test': () => challenge('Bearer realm="http://plain.test/token"'),
      'http://auth.plain.test': () => Response.json({ token: 'x' }),
    });
    await failureOf(tags(world.repository('http://plain.test', { auth: ANN })));
    expect(world.leaks()).toEqual([]);
  });
});

describe('row 25: names that stand for near addresses (DNS rebinding)', () => {
  const lookup: LookupAll = (hostname, _options, callback) => {
    const near = hostname === 'evil.test' ? '127.0.0.1' : '93.184.216.34';
    callback(null, [{ address: near, family: 4 }]);
  };

  it('are not connected to', async () => {
    const find = await guardedLookup('registry.test', { lookup });
    const found = (name: string): Promise<unknown> =>
      new Promise((resolve) => {
        find(name, { all: true }, (error, addresses) => {
          resolve(error?.message ?? addresses);
        });
      });
    expect(await found('cdn.test')).toEqual([{ address: '93.184.216.34', family: 4 }]);
    expect(await found('evil.test')).toBe(
      'evil.test stands for an address that registry.test may not lead to',
    );
  });
});

describe('row 26: a refresh token', () => {
  it('stays with the realm that it was first shown to', async () => {
    let realm = 'https://registry.test/token';
    const world = new World({
      'https://registry.test': ({ url, headers }) => {
        if (url.pathname === '/token')
          return Response.json({ access_token: 'one', refresh_token: 'token-secret' });
        if (url.pathname === '/elsewhere') return Response.json({ access_token: 'two' });
        const good = headers.get('authorization') === 'Bearer one' && !realm.endsWith('elsewhere');
        return good ? Response.json({ tags: ['v1'] }) : challenge(`Bearer realm="${realm}"`);
      },
    });
    const repository = world.repository('https://registry.test', { auth: REFRESH });
    expect(await tags(repository)).toEqual(['v1']);
    realm = 'https://registry.test/elsewhere';
    expect(await failureOf(tags(repository))).toBe('UNAUTHENTICATED realm');
    expect(world.seen.some(({ url }) => url.pathname === '/elsewhere')).toBe(false);
  });

  it('is not sent along by GET to a stranger when POST is refused', async () => {
    const world = new World({
      'https://registry.test': ({ url, method }) => {
        if (url.pathname !== '/token') return challenge('Bearer realm="https://registry.test/token"');
        return method === 'POST' ? new Response(null, { status: 405 }) : redirect('https://evil.test/token');
      },
      'https://evil.test': () => Response.json({ token: 'x' }),
    });
    await failureOf(tags(world.repository('https://registry.test', { auth: REFRESH })));
    expect(world.leaks()).toEqual(['https://registry.test']);
  });
});

describe('row 28: challenges made to mislead', () => {
  it('never lead credentials to a host that is not the registry’s, whatever they are made of', async () => {
    const piece = fc.constantFrom(
      'Bearer ',
      'Basic ',
      'realm=',
      '"https://evil.org/t"',
      '"https://127.0.0.1/t"',
      'https://evil.org/t',
      '"https://registry.test@evil.org/t"',
      '"https://registry.test\\"@evil.org/t"',
      'service="s"',
      'scope="repository:a:pull"',
      ', ',
      ',',
      '"',
      '\\',
      '=',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(piece, { maxLength: 12 }),
        fc.constantFrom(401, 403),
        async (pieces, status) => {
          const world = new World({
            'https://registry.test': ({ url }) =>
              url.pathname === '/v2/' ? challenge('Basic realm="r"') : challenge(pieces.join(''), status),
            'https://evil.org': () => Response.json({ token: 'x' }),
          });
          await failureOf(tags(world.repository('https://registry.test', { auth: ANN })));
          for (const origin of world.leaks()) expect(origin).toBe('https://registry.test');
          for (const { url } of world.seen) expect(url.hostname).not.toBe('127.0.0.1');
        },
      ),
    );
  });

  it('are cut off where they are longer than any header', () => {
    const long = `Bearer realm="https://registry.test/token", ${'a="b", '.repeat(100_000)}`;
    const [bearer] = parseChallenges([long, long]);
    expect(bearer?.parameters.get('realm')).toBe('https://registry.test/token');
    expect(parseChallenges(Array.from({ length: 1_000 }, () => 'Basic realm="r"')).length).toBe(32);
  });

  it('a scope that is none is not asked for', async () => {
    const world = new World({
      'https://registry.test': ({ url, headers }) => {
        if (url.pathname === '/token') return Response.json({ token: 'x' });
        return challenge(
          'Bearer realm="https://registry.test/token",error="insufficient_scope",' +
            'scope="repository:a:pull&redirect=evil repository:b: :c:pull x"',
          headers.has('authorization') ? 403 : 401,
        );
      },
    });
    await failureOf(tags(world.repository('https://registry.test')));
    const scopes = world.seen
      .filter(({ url }) => url.pathname === '/token')
      .map(({ url }) => url.searchParams);
    for (const scope of scopes) expect(scope.getAll('scope')).toEqual(['repository:team/app:pull']);
  });
});

describe('row 32: token servers whose names look alike', () => {
  it.each([
    'https://auth.docker.io.evil.test',
    'https://auth-docker.io',
    'https://auth.docker.io:444',
    'https://xauth.docker.io.test',
  ])('%s is not that of Docker Hub', async (origin) => {
    const hub = 'https://registry-1.docker.io';
    const world = new World({
      [hub]: () => challenge(`Bearer realm="${origin}/token",service="registry.docker.io"`),
      [origin]: () => Response.json({ token: 'x' }),
    });
    const target = endpoint(hub, { official: true });
    await failureOf(tags(world.repository('', { endpoint: target, auth: ANN })));
    // The same host on another port is of the same owner; the others are not.
    expect(world.leaks()).toEqual(origin === 'https://auth.docker.io:444' ? [origin] : []);
  });

  it('a token of one registry is not used at another, though they share a cache and a realm', async () => {
    const asks: Answerer = ({ headers }) =>
      headers.get('authorization') === 'Bearer token-secret'
        ? Response.json({ tags: ['v1'] })
        : challenge('Bearer realm="https://auth.example.com/t",service="one"');
    const world = new World({
      'https://one.example.com': asks,
      'https://two.example.com': ({ headers }) =>
        headers.has('authorization')
          ? Response.json({ tags: [headers.get('authorization') === 'Bearer token-secret' ? 'leak' : 'ok'] })
          : challenge('Bearer realm="https://auth.example.com/t",service="two"'),
      'https://auth.example.com': ({ url }) =>
        Response.json({ token: url.searchParams.get('service') === 'one' ? 'token-secret' : 'other' }),
    });
    const { createTokenCache } = await import('@stowage/registry');
    const tokens = createTokenCache({ clock: world.clock });
    expect(await tags(world.repository('https://one.example.com', { tokens }))).toEqual(['v1']);
    expect(await tags(world.repository('https://two.example.com', { tokens }))).toEqual(['ok']);
  });
});

describe('row 47: numbers of the server decide nothing', () => {
  const numbers = ['9223372036854775807', '-1', 'NaN', '1e9', '0', ''];

  it.each(numbers)('Retry-After: %j of a token server', async (value) => {
    const headers = { 'retry-after': value };
    const world = new World({
      'https://registry.test': ({ url }) =>
        url.pathname === '/token'
          ? new Response(null, { status: 429, headers })
          : challenge('Bearer realm="https://registry.test/token"'),
    });
    expect(await failureOf(tags(world.repository('https://registry.test')))).toBe('RATE_LIMITED -');
    expect(world.waits.length).toBe(2);
    for (const wait of world.waits) expect(wait >= 0 && wait <= 60_000).toBe(true);
  });

  it('no number of waits goes beyond the deadline', async () => {
    const world = new World({
      'https://registry.test': () => new Response(null, { status: 503, headers: { 'retry-after': '60' } }),
    });
    const retry = { attempts: 1_000, deadline: 100_000 };
    expect(await failureOf(tags(world.repository('https://registry.test', { retry })))).toBe('UNAVAILABLE -');
    expect(world.waits).toEqual([60_000]);
  });

  it.each(numbers)('ratelimit-limit: %j', async (value) => {
    const headers = { 'ratelimit-limit': value, 'ratelimit-remaining': value };
    const heard: unknown[] = [];
    const world = new World({ 'https://registry.test': () => Response.json({ tags: ['v1'] }, { headers }) });
    const onNotice = (notice: unknown): void => void heard.push(notice);
    expect(await tags(world.repository('https://registry.test', { onNotice }))).toEqual(['v1']);
    expect(heard.length).toBe(value === '0' ? 1 : 0);
  });
});
