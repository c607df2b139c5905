import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeAuthConfig, encodeAuthConfig, getAuthConfigKey, resolveAuthConfig } from './auth-config.ts';
import type { AuthConfig } from './ports/registry.ts';

function header(json: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(json));
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_');
}

describe('encodeAuthConfig', () => {
  it("writes moby's names in moby's order", () => {
    const auth: AuthConfig = {
      registryToken: 'g',
      identityToken: 'f',
      serverAddress: 'e',
      email: 'd',
      auth: 'c',
      password: 'b',
      username: 'a',
    };
    expect(encodeAuthConfig(auth)).toBe(
      header(
        '{"username":"a","password":"b","auth":"c","email":"d","serveraddress":"e","identitytoken":"f","registrytoken":"g"}',
      ),
    );
  });

  it('leaves out what is empty, escapes as Go does and pads', () => {
    expect(encodeAuthConfig({})).toBe('e30=');
    expect(encodeAuthConfig({ username: '', password: '<ö>?' })).toBe(
      header('{"password":"\\u003cö\\u003e?"}'),
    );
    expect(encodeAuthConfig({ password: '~~~???' })).not.toMatch(/[+/]/);
  });

  it('comes back', () => {
    const text = fc.option(fc.string({ minLength: 1, unit: 'grapheme' }), { nil: undefined });
    const keys = ['username', 'password', 'auth', 'email', 'serverAddress', 'identityToken', 'registryToken'];
    fc.assert(
      fc.property(fc.record(Object.fromEntries(keys.map((key) => [key, text]))), (record) => {
        const auth = Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
        expect(decodeAuthConfig(encodeAuthConfig(auth))).toEqual(auth);
      }),
    );
  });
});

describe('decodeAuthConfig', () => {
  it.each([
    ['{"username":"a","unknown":1}', { username: 'a' }],
    [
      '{"Username":"a","ServerAddress":"r.example","IDENTITYTOKEN":"t"}',
      { username: 'a', serverAddress: 'r.example', identityToken: 't' },
    ],
    ['{"username":"a","username":"b"}', { username: 'b' }],
    ['{"username":"a","Username":""}', {}],
    ['{"username":null,"password":"p"}', { password: 'p' }],
    ['{"__proto__":"x","constructor":"y"}', {}],
    // Nobody, as in moby, where anything is wrong.
    ['{"username":"a","password":5}', {}],
    ['{"username":"a"', {}],
    ['["username"]', {}],
    ['null', {}],
    ['"a"', {}],
    ['', {}],
  ])('%s', (json, expected) => {
    expect(decodeAuthConfig(header(json))).toEqual(expected);
  });

  it.each([
    '',
    'e30',
    'e30=e30=',
    '====',
    'not base64!',
    '{"username":"a"}',
    'eyJ1c2VybmFtZSI6Ij4+PiJ9',
    'A'.repeat(70_000),
  ])('takes %s for nobody', (text) => {
    expect(decodeAuthConfig(text)).toEqual({});
  });
});

describe('resolveAuthConfig', () => {
  const hub = { username: 'hub' };
  const quay = { username: 'quay' };
  const local = { username: 'local' };
  const all = {
    'https://index.docker.io/v1/': hub,
    'https://quay.io/v1/': quay,
    'localhost:5000': local,
    'http://other.example': { username: 'first' },
    'https://other.example/v2/': { username: 'second' },
  };

  it.each([
    ['docker.io', 'hub'],
    ['quay.io', 'quay'],
    ['localhost:5000', 'local'],
    ['other.example', 'first'],
    ['ghcr.io', undefined],
    ['quay.io:443', undefined],
    ['toString', undefined],
    ['', undefined],
  ])('%s has %s', (name, username) => {
    expect(resolveAuthConfig(all, name).username).toBe(username);
  });

  it('looks no further for Docker Hub', () => {
    expect(resolveAuthConfig({ 'index.docker.io': hub, 'docker.io': hub }, 'docker.io')).toEqual({});
    expect(getAuthConfigKey('docker.io')).toBe('https://index.docker.io/v1/');
    expect(getAuthConfigKey('quay.io')).toBe('quay.io');
  });

  it('prefers the exact key', () => {
    const both = { 'https://quay.io/v1/': hub, 'quay.io': quay };
    expect(resolveAuthConfig(both, 'quay.io')).toBe(quay);
  });
});
