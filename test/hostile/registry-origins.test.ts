import {
  createRegistryService,
  createRepository,
  createTokenCache,
  parseChallenges,
} from '@stowage/registry';
import { isStowageError } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ANN, NOTHING, World, challenge, redirect, asking, tags, codeOf } from './support/world.ts';
import type { Seen } from './support/world.ts';

// A client against registries, token servers and object stores that mean harm: who gets to see credentials. Each test is named after
// its row in the list of past advisories of the field.

describe('row 2: from https to http', () => {
  it.each<[string, AuthConfig | undefined, string]>([
    ['without credentials', undefined, 'https://registry.test/v2/team/app/manifests/v1'],
    ['with some', ANN, 'https://registry.test/v2/'],
  ])('no certificate error makes it happen, %s', async (_name, auth, first) => {
    const service = createRegistryService({ insecureRegistries: ['other.test'] });
    const endpoints = await service.lookupPullEndpoints('registry.test');
    const cause = Object.assign(new Error('self-signed certificate'), {
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    });
    const urls: string[] = [];
    for (const endpoint of endpoints) {
      const fetch = (url: string): Promise<Response> => {
        urls.push(url);
        return Promise.reject(new TypeError('fetch failed', { cause }));
      };
      const repository = createRepository({ endpoint, name: 'team/app', auth, fetch });
      const error: unknown = await repository.manifests.get('v1').catch((caught: unknown) => caught);
      expect(isStowageError(error, 'UNAVAILABLE') && [error.retryable, error.reason]).toEqual([
        false,
        'certificate',
      ]);
    }
    expect(urls).toEqual([first]);
  });

  it('no redirect and no next page does', async () => {
    const world = new World({
      'https://registry.test': ({ url }) => {
        if (url.pathname.endsWith('/tags/list')) {
          const headers = { link: '<http://registry.test:80/v2/team/app/tags/list?last=v1>; rel="next"' };
          return url.search === ''
            ? Response.json({ tags: ['v1'] }, { headers })
            : Response.json({ tags: [] });
        }
        return redirect('http://registry.test/plain');
      },
    });
    const repository = world.repository('https://registry.test');
    expect(await codeOf(repository.blobs.open(NOTHING))).toBe('REGISTRY');
    expect(await tags(repository)).toEqual(['v1']);
    expect(world.origins()).toEqual(['https://registry.test']);
  });
});

describe('row 8: another host asks for credentials', () => {
  it.each([
    'Basic realm="x"',
    'Bearer realm="https://evil.test/token"',
    'Bearer realm="https://registry.test/token"',
  ])('an object store answers %s', async (header) => {
    const world = new World({
      'https://registry.test': asking('Basic realm="r"', () => redirect('https://evil.test/blob')),
      'https://evil.test': () => challenge(header),
    });
    const repository = world.repository('https://registry.test', { auth: ANN });
    expect(await codeOf(repository.blobs.open(NOTHING))).toBe('UNAUTHENTICATED');
    expect(world.leaks()).toEqual(['https://registry.test']);
  });
});

describe('rows 14 and 32: the credentials of another host', () => {
  it.each([
    'https://ghcr.io.evil.test',
    'https://evil-ghcr.io',
    'https://ghcr.io:444',
    'https://sub.ghcr.io',
    'https://hcr.io',
    'https://registry-1.docker.io',
  ])('%s gets none of ghcr.io', async (url) => {
    const world = new World({ [url]: asking('Basic realm="r"') });
    const keychain: Readonly<Record<string, AuthConfig>> = { 'ghcr.io': ANN };
    const asked: string[] = [];
    const provider = (host: string): Promise<AuthConfig | undefined> => {
      asked.push(host);
      return Promise.resolve(keychain[host]);
    };
    expect(await codeOf(tags(world.repository(url, { auth: provider })))).toBe('UNAUTHENTICATED');
    expect(
      await codeOf(tags(world.repository(url, { auth: { ...ANN, serverAddress: 'https://ghcr.io' } }))),
    ).toBe('UNAUTHENTICATED');
    // Before the first request, and again when the registry asks.
    expect([...new Set(asked)]).toEqual([new URL(url).host]);
    expect(world.leaks()).toEqual([]);
  });

  it('a user name in the address does not make it another', () => {
    const world = new World({});
    expect(() => world.repository('https://ghcr.io@evil.test')).toThrow('a registry endpoint must be');
  });

  it('a mirror gets none of Docker Hub', async () => {
    const world = new World({ 'https://mirror.test': asking('Basic realm="r"') });
    const endpoint = { url: 'https://mirror.test', mirror: true, official: false, insecure: false };
    for (const auth of [ANN, { ...ANN, serverAddress: 'https://index.docker.io/v1/' }]) {
      expect(await codeOf(tags(world.repository('', { endpoint, auth })))).toBe('UNAUTHENTICATED');
    }
    expect(world.leaks()).toEqual([]);
  });
});

describe('rows 25 and 28: a realm that leads astray', () => {
  it.each([
    'http://registry.test/token',
    'http://evil.test/token',
    'https://127.0.0.1/token',
    'https://127.1/token',
    'https://2130706433/token',
    'https://0x7f000001/token',
    'https://0177.0.0.1/token',
    'https://0/token',
    'https://localhost/token',
    'https://x.localhost./token',
    'https://[::1]/token',
    'https://[::]/token',
    'https://[::ffff:127.0.0.1]/token',
    'https://[::ffff:a9fe:a9fe]/token',
    'https://169.254.169.254/latest/meta-data/',
    'https://metadata.google.internal/token',
    'https://[fd00:ec2::254]/token',
    'https://10.0.0.1/token',
    'https://192.168.1.1/token',
    'https://172.16.0.1/token',
    'https://[fd12:3456::1]/token',
    'https://[fe80::1]/token',
    'https://[64:ff9b::7f00:1]/token',
    'https://user:pass@registry.test/token',
    'file:///etc/passwd',
    'javascript:alert(1)',
    '//evil.test/token',
    '',
  ])('nobody is asked at %s', async (realm) => {
    const world = new World({ 'https://registry.test': asking(`Bearer realm="${realm}",service="s"`) });
    for (const auth of [ANN, { identityToken: 'refresh-secret' }, undefined]) {
      expect(await codeOf(tags(world.repository('https://registry.test', { auth })))).toBe('UNAUTHENTICATED');
    }
    expect(world.origins()).toEqual(['https://registry.test']);
    expect(world.leaks()).toEqual([]);
  });

  it.each(['https://evil.test', 'https://registry.test.evil.test', 'https://evilregistry.test'])(
    '%s is asked as nobody, and not at all by who has credentials',
    async (origin) => {
      const world = new World({
        'https://registry.test': asking(`Bearer realm="${origin}/token"`),
        [origin]: () => Response.json({ token: 'harmless' }),
      });
      expect(await tags(world.repository('https://registry.test'))).toEqual(['v1']);
      const asked = world.seen.length;
      const failure = tags(world.repository('https://registry.test', { auth: ANN }));
      await expect(failure).rejects.toThrow(`put '${new URL(origin).host}' into trustedRealms`);
      expect(world.seen.slice(asked).map(({ url }) => url.origin)).toEqual(['https://registry.test']);
      expect(world.leaks()).toEqual([]);
    },
  );

  it('a token server does not send us where it could not have been itself', async () => {
    for (const location of [
      'https://169.254.169.254/',
      'https://127.0.0.1/',
      'https://10.0.0.1/',
      'http://registry.test/token',
    ]) {
      const world = new World({
        'https://registry.test': ({ url }) =>
          url.pathname === '/token'
            ? redirect(location)
            : challenge('Bearer realm="https://registry.test/token"'),
      });
      expect(await codeOf(tags(world.repository('https://registry.test', { auth: ANN })))).toBe('REGISTRY');
      expect(world.origins()).toEqual(['https://registry.test']);
    }
  });

  it('a token that would split a header is refused', async () => {
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://evil.test/token"'),
      'https://evil.test': () => Response.json({ token: 'a\r\nX-Injected: 1' }),
    });
    expect(await codeOf(tags(world.repository('https://registry.test')))).toBe('REGISTRY');
  });

  it('a challenge is read by its grammar', () => {
    const header =
      'Basic realm="a, Bearer realm=\\"https://evil.test\\"", Bearer realm="https://registry.test/token"';
    const read = parseChallenges([header]).map(({ scheme, parameters }) => [scheme, parameters.get('realm')]);
    expect(read).toEqual([
      ['basic', 'a, Bearer realm="https://evil.test"'],
      ['bearer', 'https://registry.test/token'],
    ]);
  });
});

describe('row 26: a refresh token', () => {
  const auth = { identityToken: 'refresh-secret' };

  it('does not go to a realm of somebody else', async () => {
    const world = new World({
      'https://registry.test': asking('Bearer realm="https://evil.test/token"'),
      'https://evil.test': () => Response.json({ token: 'harmless' }),
    });
    expect(await codeOf(tags(world.repository('https://registry.test', { auth })))).toBe('UNAUTHENTICATED');
    expect(world.origins()).toEqual(['https://registry.test']);
    expect(world.leaks()).toEqual([]);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a redirect (%i)', async (status) => {
    const world = new World({
      'https://registry.test': ({ url }) =>
        url.pathname === '/token'
          ? redirect('https://evil.test/token', status)
          : challenge('Bearer realm="https://registry.test/token"'),
    });
    expect(await codeOf(tags(world.repository('https://registry.test', { auth })))).toBe('REGISTRY');
    expect(world.origins()).toEqual(['https://registry.test']);
  });

  it('gives a token that no other user gets, though they share a cache', async () => {
    const world = new World({
      'https://registry.test': (seen) => {
        if (seen.url.pathname === '/token') {
          return Response.json({ token: seen.method === 'POST' ? 'token-secret' : 'harmless' });
        }
        return asking('Bearer realm="https://registry.test/token"')(seen);
      },
    });
    const tokens = createTokenCache({ clock: world.clock });
    await tags(world.repository('https://registry.test', { auth, tokens }));
    const before = world.seen.length;
    await tags(world.repository('https://registry.test', { tokens }));
    const sent = world.seen.slice(before).map(({ headers }) => headers.get('authorization'));
    expect(sent).toContain('Bearer harmless');
    expect(sent).not.toContain('Bearer token-secret');
  });
});

describe('row 30: redirects between origins', () => {
  const cases = ['https://cdn.test', 'https://registry.test:444', 'https://a.registry.test'].flatMap(
    (origin) =>
      [301, 302, 303, 307, 308].flatMap((status) =>
        [false, true].map((back) => [origin, status, back] as const),
      ),
  );
  it.each(cases)('%s, %i, and back: %s', async (origin, status, back) => {
    const sent: (string | null)[] = [];
    const note = (seen: Seen, response: Response): Response => {
      sent.push(seen.headers.get('authorization'));
      return response;
    };
    const world = new World({
      'https://registry.test': asking('Basic realm="r"', (seen) =>
        note(seen, redirect(`${origin}/blob`, status)),
      ),
      [origin]: (seen) =>
        note(seen, back ? redirect('https://registry.test/v2/back', status) : challenge('Basic realm="x"')),
    });
    const repository = world.repository('https://registry.test', { auth: ANN });
    expect(await codeOf(repository.blobs.open(NOTHING))).toBe('UNAUTHENTICATED');
    expect(sent).toEqual([`Basic ${btoa('ann:hunter2')}`, null]);
    const last = world.seen.at(-1);
    expect([last?.url.origin, last?.headers.get('authorization')]).toEqual([
      back ? 'https://registry.test' : origin,
      null,
    ]);
    expect(world.leaks()).toEqual(['https://registry.test']);
  });
});
