import { isStowageError } from '@stowage/types';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dockerKey,
  findDockerAuth,
  helperOf,
  MAX_DOCKER_CONFIG,
  parseAuthKey,
  parseDockerConfig,
} from './docker-config.ts';

const ANN = { username: 'ann', password: 's3cret' };

function userOf(auths: Record<string, unknown>, host: string, repository?: string): string | undefined {
  const document = parseDockerConfig(JSON.stringify({ auths }), 'test');
  return findDockerAuth(document, host, repository)?.username;
}

/** Accounts that are named after their keys. */
function accounts(...keys: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(keys.map((key) => [key, { username: key, password: 'x' }]));
}

describe('parseDockerConfig', () => {
  it('reads what concerns registries', () => {
    const config = parseDockerConfig(
      JSON.stringify({
        auths: { 'quay.io': {} },
        credsStore: 'pass',
        credHelpers: { 'ghcr.io': 'gh' },
        HttpHeaders: { 'X-Meta-Team': 'blue' },
        proxies: { default: { httpProxy: 'http://proxy.example', noProxy: 'localhost' } },
        psFormat: 'table',
      }),
      'test',
    );
    expect(config).toEqual({
      source: 'test',
      auths: { 'quay.io': {} },
      credsStore: 'pass',
      credHelpers: { 'ghcr.io': 'gh' },
      httpHeaders: { 'X-Meta-Team': 'blue' },
      proxies: { default: { httpProxy: 'http://proxy.example', noProxy: 'localhost' } },
    });
  });

  it('takes what is missing or null for empty', () => {
    for (const text of [
      '{}',
      '{"auths":null,"credsStore":null,"credHelpers":null,"HttpHeaders":null,"proxies":null}',
    ]) {
      expect(parseDockerConfig(text, 'test')).toMatchObject({ auths: {}, credsStore: '', credHelpers: {} });
    }
  });

  it.each([
    ['', 'unexpected end of JSON input'],
    ['{', 'unexpected end of JSON input'],
    ['hunter2', 'invalid character'],
    ['[]', 'the file is not an object'],
    ['12345678901234567890', 'the file is not an object'],
    ['"hunter2"', 'the file is not an object'],
    ['{"auths":[]}', 'auths is not an object'],
    ['{"credsStore":{}}', 'credsStore is not a string'],
    ['{"credHelpers":{"a":1}}', 'credHelpers.a is not a string'],
    ['{"HttpHeaders":{"a":["hunter2"]}}', 'HttpHeaders.a is not a string'],
    ['{"proxies":{"default":"hunter2"}}', 'proxies.default is not an object'],
    ['{"proxies":{"default":{"httpProxy":1}}}', 'proxies.default.httpProxy is not a string'],
    [`${'{"a":'.repeat(200)}1${'}'.repeat(200)}`, 'exceeded max depth'],
  ])('refuses %j', (text, fault) => {
    let message = '';
    try {
      parseDockerConfig(text, '/home/ann/config.json');
    } catch (error) {
      if (isStowageError(error, 'INVALID_ARGUMENT')) ({ message } = error);
    }
    expect(message).toContain(`/home/ann/config.json: malformed docker configuration: `);
    expect(message).toContain(fault);
    expect(message).not.toContain('hunter2');
  });

  it('refuses more than any configuration has', () => {
    const text = `{"a":"${'x'.repeat(MAX_DOCKER_CONFIG)}"}`;
    expect(() => parseDockerConfig(text, 'test')).toThrow(/^test: malformed docker configuration: /);
  });

  it('fails on anything else with its own error alone', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          const document = parseDockerConfig(text, 'test');
          for (const host of ['quay.io', 'docker.io', ...Object.keys(document.auths)]) {
            findDockerAuth(document, host, 'a/b');
          }
        } catch (error) {
          if (!isStowageError(error, 'INVALID_ARGUMENT')) throw error;
        }
      }),
    );
  });
});

describe('findDockerAuth', () => {
  const encoded = { auth: btoa('ann:s3cret') };

  it.each([
    ['auth', encoded, ANN],
    ['username and password', ANN, ANN],
    ['auth before the others', { ...encoded, username: 'bob', password: 'x' }, ANN],
    [
      'an identity token',
      { auth: btoa('ann:'), identitytoken: 'i' },
      { username: 'ann', password: '', identityToken: 'i' },
    ],
    ['a registry token', { registrytoken: 'r' }, { username: '', password: '', registryToken: 'r' }],
  ])('reads %s', (_name, entry, expected) => {
    const document = parseDockerConfig(JSON.stringify({ auths: { 'quay.io': entry } }), 'test');
    expect(findDockerAuth(document, 'quay.io', undefined)).toEqual({ ...expected, serverAddress: 'quay.io' });
  });

  it.each([
    [{ auth: '!' }, 'auth is not base64'],
    [{ auth: btoa('hunter2') }, 'auth has no username'],
    [{ username: 5 }, 'auths.quay.io.username is not a string'],
    ['hunter2', 'auths.quay.io is not an object'],
  ])('refuses the entry %j, but only where it is wanted', (entry, fault) => {
    const auths = { 'quay.io': entry, 'ghcr.io': ANN };
    expect(userOf(auths, 'ghcr.io')).toBe('ann');
    expect(() => userOf(auths, 'quay.io')).toThrow(fault);
    expect(() => userOf(auths, 'quay.io')).not.toThrow('hunter2');
  });

  it.each([
    'quay.io',
    'QUAY.io',
    'https://quay.io',
    'http://quay.io',
    'https://quay.io/',
    'https://quay.io/v1/',
    'https://quay.io/v2/',
    'quay.io/v1/',
    'quay.io/v2',
    'quay.io/',
  ])('takes the key %s for quay.io', (key) => {
    expect(userOf(accounts(key), 'quay.io')).toBe(key);
    expect(userOf(accounts(key), 'quay.io', 'team/app')).toBe(key);
  });

  it.each([
    'https://index.docker.io/v1/',
    'index.docker.io',
    'docker.io',
    'registry-1.docker.io',
    'index.docker.io/v1/',
  ])('takes the key %s for Docker Hub', (key) => {
    expect(userOf(accounts(key), 'docker.io')).toBe(key);
    expect(userOf(accounts(key), 'quay.io')).toBeUndefined();
  });

  it.each([
    'quay.io:443',
    'quay.io:444',
    'quay.io.evil.example',
    'evil-quay.io',
    'evil.quay.io',
    'quay.io@evil.example',
    'https://quay.io@evil.example',
    'https://evil.example/quay.io',
    'evil.example/quay.io',
    'https://quay.io:443/v1/',
    'ftp://quay.io',
    'quay',
    'io',
    '*',
    '*.io',
    '',
    '__proto__',
  ])('gives quay.io nothing of %s', (key) => {
    expect(userOf(accounts(key), 'quay.io')).toBeUndefined();
    expect(userOf(accounts(key), 'quay.io', 'quay.io')).toBeUndefined();
  });

  it.each([
    ['team/app', 'quay.io/team/app'],
    ['team/tool', 'quay.io/team'],
    ['team', 'quay.io/team'],
    ['teammate/app', 'quay.io'],
    ['other/team/app', 'quay.io'],
    [undefined, 'quay.io'],
  ])('takes the longest path that holds %s', (repository, key) => {
    const all = accounts('quay.io/team', 'quay.io', 'quay.io/team/app', 'ghcr.io/team/app');
    expect(userOf(all, 'quay.io', repository)).toBe(key);
  });

  it('keeps an account for a part of a registry to it', () => {
    expect(userOf(accounts('quay.io/team'), 'quay.io')).toBeUndefined();
    expect(userOf(accounts('quay.io/team'), 'quay.io', 'team')).toBe('quay.io/team');
    expect(userOf(accounts('quay.io/team'), 'quay.io', 'teams/app')).toBeUndefined();
    expect(userOf(accounts('docker.io/library'), 'docker.io', 'library/busybox')).toBe('docker.io/library');
  });

  it("prefers docker's own spelling, else the first, and passes empty entries over", () => {
    const hub = accounts('docker.io', 'https://index.docker.io/v1/', 'index.docker.io');
    expect(userOf(hub, 'docker.io')).toBe('https://index.docker.io/v1/');
    expect(userOf(accounts('https://quay.io', 'quay.io'), 'quay.io')).toBe('quay.io');
    expect(userOf(accounts('quay.io', 'https://quay.io'), 'quay.io')).toBe('quay.io');
    expect(userOf(accounts('https://quay.io', 'http://quay.io'), 'quay.io')).toBe('https://quay.io');
    expect(userOf({ 'quay.io': {}, ...accounts('https://quay.io') }, 'quay.io')).toBe('https://quay.io');
  });

  it('is found under no key that names another host', () => {
    const label = fc.stringMatching(/^[a-z0-9]{1,6}$/);
    const host = fc.tuple(label, label, fc.option(fc.nat(65_535))).map(([a, b, port]) => {
      return port === null ? `${a}.${b}` : `${a}.${b}:${String(port)}`;
    });
    const form = fc.constantFrom('%', 'https://%', 'http://%/v1/', '%/v2/', 'https://%/any/path');
    fc.assert(
      fc.property(host, host, form, (own, asked, shape) => {
        const found = userOf(accounts(shape.replace('%', own)), asked, 'team/app');
        expect(found !== undefined).toBe(own === asked);
      }),
    );
  });
});

describe('helperOf', () => {
  const config = parseDockerConfig(
    JSON.stringify({
      credsStore: 'all',
      credHelpers: { 'quay.io': 'one', 'index.docker.io': 'hub', 'none.example': '' },
    }),
    'test',
  );

  it.each([
    ['quay.io', 'one'],
    ['docker.io', 'hub'],
    ['ghcr.io', 'all'],
    ['quay.io.evil.example', 'all'],
    ['none.example', undefined],
  ])('names that of %s', (host, name) => {
    expect(helperOf(config, host)).toBe(name);
  });

  it('names none where there is none', () => {
    expect(helperOf(parseDockerConfig('{}', 'test'), 'quay.io')).toBeUndefined();
  });
});

describe('keys', () => {
  it('are what docker writes', () => {
    expect(dockerKey('docker.io')).toBe('https://index.docker.io/v1/');
    expect(dockerKey('index.docker.io')).toBe('https://index.docker.io/v1/');
    expect(dockerKey('Quay.io:5000')).toBe('quay.io:5000');
  });

  it('come apart', () => {
    expect(parseAuthKey('quay.io/team/app/')).toEqual({ host: 'quay.io', path: 'team/app' });
    expect(parseAuthKey('https://quay.io/team')).toEqual({ host: 'quay.io', path: '' });
    expect(parseAuthKey('[::1]:5000/a')).toEqual({ host: '[::1]:5000', path: 'a' });
  });
});
