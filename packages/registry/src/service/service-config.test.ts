import { describe, expect, it, vi } from 'vitest';
import { createRegistryService } from './registry-service.ts';
import type { RegistryServiceInit } from './registry-service.ts';
import { isSecureIndex } from './service-config.ts';
import { rejection } from '../test-support/fixtures.ts';

const LOOPBACK = ['127.0.0.0/8', '::1/128'];

function configOf(init: RegistryServiceInit = {}) {
  return createRegistryService(init).serviceConfig();
}

describe('serviceConfig', () => {
  it('has no empty places', () => {
    const hub = { name: 'docker.io', mirrors: [], official: true, secure: true };
    expect(configOf()).toEqual({
      allowNondistributableArtifactsCIDRs: [],
      allowNondistributableArtifactsHostnames: [],
      insecureRegistryCIDRs: LOOPBACK,
      indexConfigs: { 'docker.io': hub },
      mirrors: [],
    });
  });

  it('has what was given, in normal form and each once', () => {
    const config = configOf({
      mirrors: ['https://a.example', 'https://a.example/', 'http://b.example'],
      insecureRegistries: ['10.1.2.3/8', '10.0.0.0/8', 'registry.example:5000', '::1', '127.0.0.0/8'],
      allowNondistributableArtifacts: ['172.16.0.1/12', 'registry.example', 'registry.example', '[::1]:5000'],
    });
    expect(config.mirrors).toEqual(['https://a.example/', 'http://b.example/']);
    expect(config.insecureRegistryCIDRs).toEqual(['10.0.0.0/8', ...LOOPBACK]);
    expect(config.allowNondistributableArtifactsCIDRs).toEqual(['172.16.0.0/12']);
    expect(config.allowNondistributableArtifactsHostnames).toEqual(['registry.example', '[::1]:5000']);
    expect(Object.keys(config.indexConfigs).sort()).toEqual(['::1', 'docker.io', 'registry.example:5000']);
    expect(config.indexConfigs['registry.example:5000']).toEqual({
      name: 'registry.example:5000',
      mirrors: [],
      official: false,
      secure: false,
    });
    expect(config.indexConfigs['docker.io']?.mirrors).toEqual(config.mirrors);
  });

  it('is a copy', () => {
    const service = createRegistryService({ mirrors: ['https://a.example'] });
    (service.serviceConfig().mirrors as string[]).length = 0;
    expect(service.serviceConfig().mirrors).toEqual(['https://a.example/']);
  });

  it('keeps Docker Hub secure', () => {
    const { indexConfigs } = configOf({ insecureRegistries: ['docker.io'] });
    expect(indexConfigs['docker.io']).toMatchObject({ secure: true, official: true });
  });

  it.each([
    ['http://plain.example', 'plain.example', 'http://'],
    ['HTTPS://plain.example:5000', 'plain.example:5000', 'https://'],
  ])('warns of the scheme in %s', (entry, name, scheme) => {
    const onWarning = vi.fn();
    const { indexConfigs } = configOf({ insecureRegistries: [entry], onWarning });
    expect(indexConfigs[name]?.secure).toBe(false);
    expect(onWarning.mock.calls).toEqual([
      [
        `insecure registry ${entry} should not contain '${scheme}' and '${scheme}' has been removed from the insecure registry config`,
      ],
    ]);
  });

  it.each([
    ['ftp://a', "insecure registry ftp://a should not contain '://'"],
    ['http://ftp://a', "insecure registry ftp://a should not contain '://'"],
    ['-a.example', 'invalid index name (-a.example). Cannot begin or end with a hyphen'],
    ['a:70000', 'insecure registry a:70000 is not valid: invalid port "70000"'],
    ['a b', 'insecure registry a b is not valid: invalid host "a b"'],
    ['a.example:http', 'insecure registry a.example:http is not valid: invalid host "a.example"'],
    ['10.0.0.0/33', 'insecure registry 10.0.0.0/33 is not valid: invalid host "10.0.0.0/33"'],
    ['', 'insecure registry  is not valid: invalid host ""'],
  ])('refuses the insecure registry %j', (entry, message) => {
    expect(() => configOf({ insecureRegistries: [entry] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });

  it.each([
    ['http://a', "allow-nondistributable-artifacts registry http://a should not contain '://'"],
    ['a-', 'invalid index name (a-). Cannot begin or end with a hyphen'],
    ['a:x', 'allow-nondistributable-artifacts registry a:x is not valid: invalid host "a"'],
    ['a:65536', 'allow-nondistributable-artifacts registry a:65536 is not valid: invalid port "65536"'],
  ])('refuses %j for artifacts', (entry, message) => {
    expect(() => configOf({ allowNondistributableArtifacts: [entry] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message }),
    );
  });
});

describe('isSecureIndex', () => {
  const config = configOf({ insecureRegistries: ['listed.example', '10.0.0.0/8', 'fd00::/8'] });
  const dns: Readonly<Record<string, readonly string[]>> = {
    'inside.example': ['192.0.2.1', '10.0.0.1'],
    'six.example': ['fd00::1'],
    'mapped.example': ['::ffff:10.0.0.1'],
    'outside.example': ['192.0.2.1'],
    'odd.example': ['not an address'],
  };
  const lookup = (name: string): Promise<readonly string[]> => {
    const addresses = dns[name];
    return addresses === undefined ? Promise.reject(new Error('no such host')) : Promise.resolve(addresses);
  };

  it.each([
    ['docker.io', true],
    ['listed.example', false],
    ['listed.example:443', true],
    ['10.1.1.1', false],
    ['10.1.1.1:5000', false],
    ['11.1.1.1:5000', true],
    ['[fd00::1]:5000', false],
    ['127.0.0.1:5000', false],
    ['[::1]', false],
    ['localhost:5000', false],
    ['localhost.example', true],
    // Names mean nothing without a look-up.
    ['inside.example', true],
    ['no host', true],
  ])('judges %s by itself', async (name, secure) => {
    expect(await isSecureIndex(config, name)).toBe(secure);
  });

  it.each([
    ['inside.example', false],
    ['inside.example:5000', false],
    ['six.example', false],
    ['mapped.example', false],
    ['outside.example', true],
    ['odd.example', true],
    ['unknown.example', true],
    ['listed.example', false],
  ])('judges %s by its addresses', async (name, secure) => {
    expect(await isSecureIndex(config, name, { lookup })).toBe(secure);
  });

  it('does not look up what needs none', async () => {
    const never = vi.fn(lookup);
    for (const name of ['docker.io', 'listed.example', 'localhost', '10.0.0.1:80', '192.0.2.1']) {
      await isSecureIndex(config, name, { lookup: never });
    }
    expect(never).not.toHaveBeenCalled();
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    const { signal } = { signal: AbortSignal.abort(reason) };
    expect(await rejection(isSecureIndex(config, 'unknown.example', { lookup, signal }))).toBe(reason);
  });
});
