import { createMemoryStorage } from '@stowage/storage';
import { isStowageError } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { openStowage } from '../open-stowage.ts';
import { createTestRegistry } from '../test-support/test-registry.ts';

const ANN: AuthConfig = { username: 'ann', password: 's3cret' };

/** A network that answers the same to everything, and remembers the requests. */
function network(answer: (url: URL, headers: Headers) => Response) {
  const seen: string[] = [];
  const fetch = (text: string, init: RequestInit = {}): Promise<Response> => {
    seen.push(`${init.method ?? 'GET'} ${text}`);
    return Promise.resolve(answer(new URL(text), new Headers(init.headers)));
  };
  return { fetch, seen };
}

describe('options of openStowage', () => {
  it('reach the requests: headers, credentials, mirrors by prefix', async () => {
    const headers: (string | null)[] = [];
    const { fetch, seen } = network((url, sent) => {
      headers.push(sent.get('x-meta-team'));
      return url.pathname === '/v2/' ? new Response() : Response.json({ tags: ['v1'] });
    });
    const asked: string[] = [];
    await using stowage = await openStowage({
      fetch,
      metaHeaders: { 'X-Meta-Team': 'blue' },
      mirrors: { 'quay.io/team': ['https://m.example/cache'] },
      auth: (host, { repository = '' } = {}) => {
        asked.push(`${host} ${repository}`);
        return Promise.resolve(undefined);
      },
    });
    const tags: string[] = [];
    for await (const tag of stowage.tags('quay.io/team/app')) tags.push(tag);
    expect(tags).toEqual(['v1']);
    expect(seen).toEqual(['GET https://m.example/v2/cache/app/tags/list']);
    expect(headers).toEqual(['blue']);
    expect(asked).toEqual(['m.example cache/app']);
  });

  it('reach a pull, which falls through to the registry behind a mirror', async () => {
    const registry = createTestRegistry();
    await registry.push('team/app:v1', [{ a: '1' }]);
    const seen: string[] = [];
    const fetch = (text: string, init?: RequestInit): Promise<Response> => {
      seen.push(text);
      return text.startsWith('https://m.example/')
        ? Promise.resolve(Response.json({ errors: [] }, { status: 404 }))
        : registry.fetch(text, init);
    };
    await using stowage = await openStowage({ fetch, mirrors: { 'localhost/team': ['https://m.example'] } });
    const platform = { os: 'linux', architecture: 'amd64' };
    expect((await stowage.pull('localhost/team/app:v1', { platform })).status).toBe('downloaded');
    expect(seen[0]).toBe('https://m.example/v2/app/manifests/v1');
  });
});

describe('login', () => {
  it('proves credentials', async () => {
    const basic = `Basic ${btoa('ann:s3cret')}`;
    const { fetch } = network((_url, headers) =>
      headers.get('authorization') === basic
        ? new Response()
        : new Response(null, { status: 401, headers: { 'www-authenticate': 'Basic realm="r"' } }),
    );
    await using stowage = await openStowage({ fetch });
    const auth = { ...ANN, serverAddress: 'quay.io' };
    expect(await stowage.login(auth)).toEqual({ status: 'Login Succeeded' });
    const refused = await stowage.login({ ...auth, password: 'guess' }).catch((error: unknown) => error);
    expect(isStowageError(refused, 'UNAUTHENTICATED')).toBe(true);
  });
});

describe('search', () => {
  it('asks with the credentials of the store', async () => {
    const authorizations: (string | null)[] = [];
    const { fetch, seen } = network((_url, headers) => {
      authorizations.push(headers.get('authorization'));
      return Response.json({ query: 'app', num_results: 1, results: [{ name: 'app', star_count: 3 }] });
    });
    await using stowage = await openStowage({ fetch, auth: ANN, storage: createMemoryStorage() });
    const { results } = await stowage.search('app', { limit: 5, filters: { stars: ['2'] } });
    expect(results.map(({ name }) => name)).toEqual(['app']);
    expect(seen).toEqual(['GET https://index.docker.io/v1/search?q=app&n=5']);
    expect(authorizations).toEqual([`Basic ${btoa('ann:s3cret')}`]);
  });

  it('ends when the store is closed', async () => {
    const stowage = await openStowage({ fetch: () => Promise.reject(new Error('not asked')) });
    await stowage.close();
    for (const work of [() => stowage.search('app'), () => stowage.login(ANN)]) {
      const error: unknown = await (async (): Promise<unknown> => await work())().catch(
        (caught: unknown) => caught,
      );
      expect(isStowageError(error, 'UNAVAILABLE')).toBe(true);
    }
  });
});
