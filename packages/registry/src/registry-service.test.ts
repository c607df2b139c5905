import { isStowageError, parseNormalizedNamed, referenceName } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from './registry-service.ts';
import type { RegistryServiceInit } from './registry-service.ts';
import { rejection } from './test-support/fixtures.ts';

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

describe('createRegistryService', () => {
  it.each([
    ['ftp://a', "insecure registry ftp://a should not contain '://'"],
    ['a:70000', 'insecure registry a:70000 is not valid: invalid port "70000"'],
    ['a b', 'insecure registry a b is not valid: invalid host "a b"'],
    ['10.0.0.0/33', 'insecure registry 10.0.0.0/33 is not valid: invalid host "10.0.0.0/33"'],
    ['', 'insecure registry  is not valid: invalid host ""'],
  ])('refuses the insecure registry %j', (entry, message) => {
    expect(() => createRegistryService({ insecureRegistries: [entry] })).toThrow(message);
  });

  it('refuses a malformed mirror', () => {
    expect(() => createRegistryService({ mirrors: ['mirror.example'] })).toThrow('unsupported scheme');
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
