import { isStowageError, parseNormalizedNamed, referenceName } from '@stowage/types';
import type { CredentialProvider } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from './registry-service.ts';
import type { RegistryServiceInit } from './registry-service.ts';
import { createRepository } from '../repository/repository.ts';
import { all, endpointOf, rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';

async function pullUrls(host: string, init: RegistryServiceInit = {}): Promise<string[]> {
  const endpoints = await createRegistryService(init).lookupPullEndpoints(host);
  return endpoints.map(({ url }) => url);
}

describe('lookupPullEndpoints', () => {
  it('puts the mirrors of Docker Hub before it, each once', async () => {
    const mirrors = ['https://b.example/', 'http://localhost:5000', 'https://b.example'];
    const service = createRegistryService({ mirrors });
    const hub = { url: 'https://registry-1.docker.io', mirror: false, official: true, insecure: false };
    const expected = [
      { url: 'https://b.example', mirror: true, official: false, insecure: false },
      { url: 'http://localhost:5000', mirror: true, official: false, insecure: true },
      hub,
    ];
    expect(await service.lookupPullEndpoints('docker.io')).toEqual(expected);
    expect(await service.lookupPullEndpoints('index.docker.io')).toEqual(expected);
    expect(await service.lookupPushEndpoints('docker.io')).toEqual([hub]);
    expect(await pullUrls('quay.io', { mirrors })).toEqual(['https://quay.io']);
  });

  it.each(['localhost', 'localhost:5000', '127.0.0.1', '127.1.2.3:5000', '[::1]', '[::1]:5000', '127.1'])(
    'falls back to http for this machine: %s',
    async (host) => {
      expect(await pullUrls(host)).toEqual([`https://${host}`, `http://${host}`]);
    },
  );

  it.each([
    'registry.example',
    'registry.example:5000',
    '10.0.0.1:5000',
    'localhost.example',
    '[::2]',
    '0.0.0.0',
  ])('never falls back to http for %s', async (host) => {
    expect(await pullUrls(host)).toEqual([`https://${host}`]);
  });

  it('falls back to http for what is listed as insecure, and for nothing like it', async () => {
    const insecureRegistries = ['registry.example:5000', 'http://plain.example', '10.0.0.0/8', 'fd00::/8'];
    const isInsecure = async (host: string): Promise<boolean> =>
      (await pullUrls(host, { insecureRegistries })).includes(`http://${host}`);
    for (const host of ['registry.example:5000', 'plain.example', '10.9.9.9:80', '[fd00::1]:5000']) {
      expect([host, await isInsecure(host)]).toEqual([host, true]);
    }
    for (const host of [
      'registry.example',
      'registry.example:5001',
      'plain.example:80',
      '11.0.0.1',
      'a.plain.example',
    ]) {
      expect([host, await isInsecure(host)]).toEqual([host, false]);
    }
    const [https, http] = await createRegistryService({ insecureRegistries }).lookupPushEndpoints(
      'plain.example',
    );
    expect([https?.insecure, http?.insecure]).toEqual([true, true]);
  });

  it.each([
    '',
    'a b',
    'a/b',
    'user@host.example',
    'host.example:x',
    'host.example:99999',
    'https://a',
    'a?b',
    'a#b',
  ])('rejects the host %j', async (host) => {
    const service = createRegistryService();
    for (const lookup of [service.lookupPullEndpoints(host), service.lookupPushEndpoints(host)]) {
      expect(isStowageError(await rejection(lookup), 'INVALID_ARGUMENT')).toBe(true);
    }
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    expect(await rejection(createRegistryService().lookupPullEndpoints('quay.io', { signal }))).toBe(reason);
  });
});

describe('mirrors by prefix', () => {
  const service = createRegistryService({
    mirrors: {
      'docker.io': ['https://hub.example'],
      'quay.io': ['https://m.example/quay', 'http://localhost:5000'],
      'quay.io/team': ['https://team.example:5000'],
    },
  });

  it('come before the registry, which stays the last resort', async () => {
    const endpoints = await service.lookupPullEndpoints('quay.io', { repository: 'other/app' });
    expect(endpoints).toEqual([
      {
        url: 'https://m.example',
        mirror: true,
        official: false,
        insecure: false,
        rewrite: { from: '', to: 'quay' },
      },
      { url: 'http://localhost:5000', mirror: true, official: false, insecure: true },
      { url: 'https://quay.io', mirror: false, official: false, insecure: false },
    ]);
    expect(await service.lookupPushEndpoints('quay.io', { repository: 'other/app' })).toEqual([endpoints[2]]);
  });

  it('go by the longest prefix', async () => {
    const endpoints = await service.lookupPullEndpoints('quay.io', { repository: 'team/app' });
    expect(endpoints.map(({ url, rewrite }) => [url, rewrite])).toEqual([
      ['https://team.example:5000', { from: 'team', to: '' }],
      ['https://quay.io', undefined],
    ]);
  });

  it('are in the configuration where they are docker mirrors too', () => {
    expect(service.serviceConfig().mirrors).toEqual(['https://hub.example/']);
  });

  it('are asked under their own names, with credentials of their own', async () => {
    const asked: unknown[] = [];
    const auth: CredentialProvider = (host, { repository } = {}) => {
      asked.push([host, repository]);
      return Promise.resolve({ username: host, password: 'x' });
    };
    const [mirror] = await service.lookupPullEndpoints('quay.io', { repository: 'other/app' });
    const challenge = 'Bearer realm="https://m.example/token",service="s"';
    const network = new ScriptedFetch({
      'GET https://m.example/v2/': { status: 401, headers: { 'www-authenticate': challenge } },
      'GET https://m.example/token?account=m.example&scope=repository%3Aquay%2Fother%2Fapp%3Apull&service=s':
        {
          json: { token: 't' },
        },
      'GET https://m.example/v2/quay/other/app/tags/list': { json: { tags: ['v1'] } },
    });
    const repository = createRepository({
      endpoint: mirror ?? endpointOf('https://missing.example'),
      name: 'other/app',
      auth,
      fetch: network.fetch,
      clock: new TestClock(),
    });
    expect(repository.name).toBe('other/app');
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(asked).toEqual([['m.example', 'quay/other/app']]);
    expect(network.authorizations('https://m.example/v2/quay')).toEqual(['Bearer t']);
  });

  it('are refused where they are malformed', () => {
    expect(() => createRegistryService({ mirrors: { 'quay.io': ['m.example'] } })).toThrow(
      'unsupported scheme',
    );
    expect(() => createRegistryService({ mirrors: ['mirror.example'] })).toThrow('unsupported scheme');
  });
});

describe('artifacts that may not be distributed freely', () => {
  const service = createRegistryService({
    allowNondistributableArtifacts: ['registry.example:5000', '10.0.0.0/8', 'docker.io'],
    mirrors: ['https://mirror.example'],
  });

  it.each([
    ['registry.example:5000', true],
    ['registry.example', undefined],
    ['10.1.2.3', true],
    ['11.1.2.3', undefined],
  ])('go to %s: %s', async (host, allowed) => {
    const [endpoint] = await service.lookupPushEndpoints(host);
    expect(endpoint?.allowNondistributableArtifacts).toBe(allowed);
  });

  it('go to Docker Hub where it is listed, not to its mirrors', async () => {
    const endpoints = await service.lookupPullEndpoints('docker.io');
    expect(endpoints.map((endpoint) => endpoint.allowNondistributableArtifacts)).toEqual([undefined, true]);
  });
});

describe('a service that resolves names', () => {
  it('finds insecure registries by their addresses', async () => {
    const service = createRegistryService({
      insecureRegistries: ['10.0.0.0/8'],
      lookup: (name) => Promise.resolve(name === 'inside.example' ? ['10.0.0.1'] : ['192.0.2.1']),
    });
    const urls = async (host: string): Promise<string[]> =>
      (await service.lookupPullEndpoints(host)).map(({ url }) => url);
    expect(await urls('inside.example')).toEqual(['https://inside.example', 'http://inside.example']);
    expect(await urls('outside.example')).toEqual(['https://outside.example']);
    expect(await urls('docker.io')).toEqual(['https://registry-1.docker.io']);
  });
});

describe('resolveIndex', () => {
  const service = createRegistryService({
    mirrors: ['https://a.example'],
    insecureRegistries: ['b.example'],
  });

  it.each([
    ['docker.io', { name: 'docker.io', mirrors: ['https://a.example/'], official: true, secure: true }],
    ['index.docker.io', { name: 'docker.io', mirrors: ['https://a.example/'], official: true, secure: true }],
    ['b.example', { name: 'b.example', mirrors: [], official: false, secure: false }],
    ['c.example:5000', { name: 'c.example:5000', mirrors: [], official: false, secure: true }],
    ['127.0.0.1:5000', { name: '127.0.0.1:5000', mirrors: [], official: false, secure: false }],
  ])('knows %s', async (name, info) => {
    expect(await service.resolveIndex(name)).toEqual(info);
  });

  it('refuses what is none', async () => {
    await expect(service.resolveIndex('-a')).rejects.toThrow('Cannot begin or end with a hyphen');
  });
});

describe('resolveRepository', () => {
  const service = createRegistryService();

  it.each([
    ['ubuntu:24.04', 'docker.io/library/ubuntu', true],
    ['team/app', 'docker.io/team/app', false],
    ['quay.io/a', 'quay.io/a', false],
  ])('knows %s', (text, name, official) => {
    const info = service.resolveRepository(parseNormalizedNamed(text));
    expect([referenceName(info.name), info.name.tag, info.official]).toEqual([name, undefined, official]);
  });

  it('refuses a reference without a name', () => {
    expect(() => service.resolveRepository({})).toThrow('repository name must have at least one component');
  });
});
