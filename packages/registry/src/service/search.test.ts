import { isStowageError } from '@stowage/types';
import type { AuthConfig, SearchOptions, SearchResults } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from './registry-service.ts';
import type { RegistryServiceInit } from './registry-service.ts';
import { rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Script } from '../test-support/scripted-fetch.ts';

const HUB = 'https://index.docker.io/v1/search';
const OWN = 'https://registry.example/v1';
const FOUND = {
  query: 'app',
  num_results: 3,
  results: [
    { name: 'app', description: 'The <app>', star_count: 50, is_official: true, is_automated: false },
    { name: 'ann/app', description: '', star_count: 7, is_official: false, is_automated: true },
    { name: 'bob/app' },
  ],
};
const REFUSED = new TypeError('fetch failed', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
});

function scripted(script: Script, init: RegistryServiceInit = {}) {
  const network = new ScriptedFetch(script);
  const clock = new TestClock();
  const service = createRegistryService({ fetch: network.fetch, clock, random: () => 1, ...init });
  return {
    network,
    search: (term: string, options?: SearchOptions): Promise<SearchResults> => service.search(term, options),
  };
}

/** A message without what a page adds that cannot see why a request failed. */
function inAPage(message: string): string {
  return message.replaceAll(/: refused: [^.]*registry\.example[^.]*/g, ': refused');
}

function names({ results }: SearchResults): string[] {
  return results.map(({ name }) => name);
}

describe('search', () => {
  it('asks Docker Hub, and reads what it answers', async () => {
    const { search, network } = scripted({ [`GET ${HUB}?q=app&n=25`]: { json: FOUND } });
    expect(await search('library/app')).toEqual({
      query: 'app',
      numResults: 3,
      results: [
        { name: 'app', description: 'The <app>', starCount: 50, isOfficial: true, isAutomated: false },
        { name: 'ann/app', description: '', starCount: 7, isOfficial: false, isAutomated: true },
        { name: 'bob/app', description: '', starCount: 0, isOfficial: false, isAutomated: false },
      ],
    });
    expect(network.sent[0]?.headers['x-docker-token']).toBe('true');
    expect(network.authorizations(HUB)).toEqual(['-']);
  });

  it('asks another index where the term names one, and knocks before', async () => {
    const { search, network } = scripted({
      [`GET ${OWN}/_ping`]: { status: 404 },
      [`GET ${OWN}/search?q=a%2Fb+c%26&n=3`]: { json: { results: null } },
    });
    expect(await search('registry.example/a/b c&', { limit: 3 })).toEqual({
      query: '',
      numResults: 0,
      results: [],
    });
    expect(network.log).toHaveLength(2);
  });

  it.each([0, -1, 101, 1.5, NaN])('refuses the limit %d', async (limit) => {
    const { search, network } = scripted({});
    await expect(search('app', { limit })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: `Limit ${String(limit)} is outside the range of [1, 100]`,
    });
    expect(network.log).toEqual([]);
  });

  it('refuses terms that are none', async () => {
    const { search } = scripted({});
    await expect(search('https://registry.example/app')).rejects.toThrow('Invalid repository name (ex: ');
    await expect(search('a..b/app')).rejects.toThrow('invalid registry host: a..b');
  });

  it.each([
    [{ 'is-official': ['true'] }, ['app']],
    [{ 'is-official': ['false'] }, ['ann/app', 'bob/app']],
    [{ 'is-automated': ['true'] }, ['ann/app']],
    [{ 'is-automated': ['false'], 'is-official': ['false'] }, ['bob/app']],
    [{ stars: ['7'] }, ['app', 'ann/app']],
    [{ stars: ['1', '8', '2'] }, ['app']],
    [{ stars: ['-5'] }, ['app', 'ann/app', 'bob/app']],
    [{ stars: [] }, ['app', 'ann/app', 'bob/app']],
  ])('filters by %j', async (filters: Readonly<Record<string, readonly string[]>>, expected) => {
    const { search } = scripted({ [`GET ${HUB}?q=app&n=25`]: { json: FOUND } });
    const results = await search('app', { filters });
    expect([names(results), results.numResults]).toEqual([expected, expected.length]);
  });

  it.each([
    [{ 'is-official': ['maybe'] }, "Invalid filter 'is-official=[maybe]'"],
    [{ 'is-official': ['true', 'false'] }, "Invalid filter 'is-official=[true false]'"],
    [{ 'is-automated': [] }, "Invalid filter 'is-automated=[]'"],
    [{ stars: ['many'] }, "Invalid filter 'stars=many'"],
    [{ stars: ['1e3'] }, "Invalid filter 'stars=1e3'"],
    [{ since: ['1'] }, "Invalid filter 'since'"],
    [{ toString: ['true'] }, "Invalid filter 'toString'"],
    [{ 'a\n': ['true'] }, "Invalid filter 'a\\n'"],
  ])('refuses the filters %j', async (filters: Readonly<Record<string, readonly string[]>>, message) => {
    const { search, network } = scripted({});
    await expect(search('app', { filters })).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', message });
    expect(network.log).toEqual([]);
  });

  describe('with credentials', () => {
    const basic = `Basic ${btoa('ann:s3cret')}`;
    const ann: AuthConfig = { username: 'ann', password: 's3cret' };
    const script = {
      [`GET ${HUB}?q=app&n=25`]: { json: FOUND },
      [`GET ${OWN}/_ping`]: { json: { standalone: true } },
      [`GET ${OWN}/search?q=app&n=25`]: { json: FOUND },
    };

    it('sends name and password with the search alone', async () => {
      const { search, network } = scripted(script);
      await search('registry.example/app', { auth: ann });
      expect(network.authorizations(OWN)).toEqual(['-', basic]);
    });

    it('asks the provider of the service by the name of the index', async () => {
      const asked: string[] = [];
      const auth = (host: string): Promise<AuthConfig | undefined> => {
        asked.push(host);
        return Promise.resolve(host === 'docker.io' ? ann : undefined);
      };
      const { search, network } = scripted(script, { auth });
      await search('app');
      await search('registry.example/app');
      expect(asked).toEqual(['docker.io', 'registry.example']);
      expect(network.authorizations('https://')).toEqual([basic, '-', '-']);
    });

    it('keeps credentials for another registry to itself', async () => {
      const { search, network } = scripted(script);
      await search('registry.example/app', { auth: { ...ann, serverAddress: 'docker.io' } });
      expect(network.authorizations('https://')).toEqual(['-', '-']);
    });

    it('turns an identity token into one for searches', async () => {
      const { search, network } = scripted({
        ...script,
        'GET https://registry.example/v2/': {
          status: 401,
          headers: { 'www-authenticate': 'Bearer realm="https://registry.example/token",service="s"' },
        },
        'POST https://registry.example/token': { json: { access_token: 't' } },
      });
      await search('registry.example/app', { auth: { username: 'ann', identityToken: 'mine' } });
      const form = new URLSearchParams(network.sent.find(({ method }) => method === 'POST')?.body);
      expect([form.get('scope'), form.get('refresh_token')]).toEqual(['registry:catalog:search', 'mine']);
      expect(network.authorizations(`${OWN}/search`)).toEqual(['Bearer t']);
    });

    it('goes without where an index knows nothing of identity tokens', async () => {
      const { search, network } = scripted({
        ...script,
        'GET https://registry.example/v2/': { status: 404 },
      });
      await search('registry.example/app', { auth: { username: 'ann', identityToken: 'mine' } });
      expect(network.authorizations(`${OWN}/search`)).toEqual(['-']);
    });

    it('shows them to no other origin', async () => {
      const elsewhere = 'https://evil.example/v1/search';
      const { search, network } = scripted({
        [`GET ${HUB}?q=app&n=25`]: { status: 302, headers: { location: elsewhere } },
        [`GET ${elsewhere}`]: { json: FOUND },
      });
      await search('app', { auth: ann });
      expect(network.authorizations(elsewhere)).toEqual(['-']);
    });
  });

  it('falls back to http for an insecure registry that nobody answers for', async () => {
    const plain = 'http://registry.example/v1';
    const { search, network } = scripted(
      {
        [`GET ${OWN}/_ping`]: { error: REFUSED },
        [`GET ${plain}/_ping`]: {},
        [`GET ${plain}/search?q=app&n=25`]: { json: FOUND },
      },
      { insecureRegistries: ['registry.example'] },
    );
    expect(names(await search('registry.example/app'))).toHaveLength(3);
    expect(network.log.at(-1)).toBe(`GET ${plain}/search?q=app&n=25`);
  });

  it('says what to do about a registry that nobody answers for', async () => {
    const { search, network } = scripted({ [`GET ${OWN}/_ping`]: { error: REFUSED } });
    const error = await rejection(search('registry.example/app'));
    expect(isStowageError(error, 'UNAVAILABLE') && inAPage(error.message)).toBe(
      'invalid registry endpoint https://registry.example/v1/: Get "https://registry.example/v1/_ping": refused. ' +
        'If this private registry supports only HTTP or HTTPS with an unknown CA certificate, please add ' +
        "`--insecure-registry registry.example` to the daemon's arguments. In the case of HTTPS, if you have access to " +
        "the registry's CA certificate, no need for the flag; simply place the CA certificate at " +
        '/etc/docker/certs.d/registry.example/ca.crt',
    );
    expect(network.log.every((line) => line.includes('https://'))).toBe(true);
  });

  it('says why neither way works', async () => {
    const insecureRegistries = ['registry.example'];
    const { search } = scripted(
      {
        [`GET ${OWN}/_ping`]: { error: REFUSED },
        'GET http://registry.example/v1/_ping': { error: REFUSED },
      },
      { insecureRegistries },
    );
    const error = await rejection(search('registry.example/app'));
    expect(inAPage((error as Error).message)).toBe(
      'invalid registry endpoint "http://registry.example/v1/". ' +
        'HTTPS attempt: Get "https://registry.example/v1/_ping": refused. ' +
        'HTTP attempt: Get "http://registry.example/v1/_ping": refused',
    );
  });

  it.each([
    [404, 'NOT_FOUND'],
    [401, 'UNAUTHENTICATED'],
    [500, 'UNAVAILABLE'],
    [204, 'REGISTRY'],
  ])('reports a %d', async (status, code) => {
    const { search } = scripted({ [`GET ${HUB}?q=app&n=25`]: { status } });
    await expect(search('app')).rejects.toMatchObject({
      code,
      status,
      message: `Unexpected status code ${String(status)}`,
    });
  });

  it('tries again where that can help', async () => {
    const { search } = scripted({ [`GET ${HUB}?q=app&n=25`]: [{ status: 503 }, { json: FOUND }] });
    expect(names(await search('app'))).toHaveLength(3);
  });

  it.each([
    ['<html>', 'error decoding registry search results: '],
    ['[]', 'error decoding registry search results: not an object'],
    ['null', 'error decoding registry search results: not an object'],
    ['{"results":{}}', 'error decoding registry search results: results is not a list'],
    ['{"results":[1]}', 'error decoding registry search results: a result is not an object'],
    ['{"results":[{"name":1}]}', 'error decoding registry search results: name is not a string'],
    ['{"num_results":"3"}', 'error decoding registry search results: num_results is not a number'],
  ])('refuses the answer %s', async (body, message) => {
    const { search } = scripted({ [`GET ${HUB}?q=app&n=25`]: { body } });
    const error = await rejection(search('app'));
    expect(isStowageError(error, 'REGISTRY')).toBe(true);
    expect((error as Error).message).toContain(message);
  });

  it('reads no endless answer', async () => {
    const body = new Uint8Array(5 * 1024 * 1024);
    const { search } = scripted({ [`GET ${HUB}?q=app&n=25`]: { body } });
    await expect(search('app')).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
  });
});
