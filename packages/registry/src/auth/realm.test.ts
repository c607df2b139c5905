import { isRegistryError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import type { Challenge } from '../header/challenge.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { judgeRealm, strangeRealm } from './realm.ts';
import { endpointOf } from '../test-support/fixtures.ts';

type Verdict = 'trusted' | 'anonymous' | 'refused';

function verdict(registry: string, realm: string, insecure = false, trustedRealms: string[] = []): Verdict {
  const endpoint = parseEndpoint(endpointOf(registry, { insecure }));
  const challenge: Challenge = { scheme: 'bearer', parameters: new Map([['realm', realm]]) };
  const request = { method: 'GET', url: `${registry}/v2/a/tags/list` };
  try {
    return judgeRealm(challenge, endpoint, { trustedRealms, request }).trusted ? 'trusted' : 'anonymous';
  } catch (error) {
    if (isRegistryError(error) && error.code === 'UNAUTHENTICATED' && error.reason === 'realm')
      return 'refused';
    throw error;
  }
}

describe('judgeRealm', () => {
  it.each<[Verdict, string, string]>([
    ['trusted', 'https://ghcr.io', 'https://ghcr.io/token'],
    ['trusted', 'https://gitlab.example:5050', 'https://gitlab.example/jwt/auth'],
    ['trusted', 'https://registry-1.docker.io', 'https://auth.docker.io/token'],
    ['trusted', 'https://registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['trusted', 'https://example.com', 'https://auth.example.com/token'],
    ['trusted', 'https://registry.example.com', 'https://auth.example.com/token'],
    ['trusted', 'https://registry.example.com:5000', 'https://sso.id.example.com:8443/token'],
    ['trusted', 'https://registry.example.co.uk', 'https://auth.example.co.uk/token'],
    ['trusted', 'https://index.docker.io', 'https://auth.docker.io/token'],
    ['anonymous', 'http://registry.example.com', 'https://auth.example.com/token'],
    ['anonymous', 'https://mine.azurecr.io', 'https://evil.azurecr.io/token'],
    ['anonymous', 'https://registry.example.com', 'https://auth.example.net/token'],
    ['anonymous', 'https://registry.example.co.uk', 'https://evil.co.uk/token'],
    ['anonymous', 'https://mine.github.io', 'https://evil.github.io/token'],
    ['anonymous', 'https://ghcr.io', 'https://evil-ghcr.io/token'],
    ['anonymous', 'https://ghcr.io', 'https://ghcr.io.evil.test/token'],
    ['anonymous', 'https://registry', 'https://auth.registry/token'],
    ['anonymous', 'https://quay.io', 'https://auth.docker.io/token'],
    ['anonymous', 'https://8.8.8.8', 'https://8.8.8/token'],
    ['refused', 'https://ghcr.io', 'http://ghcr.io/token'],
    ['refused', 'https://ghcr.io', 'https://ghcr.io@evil.test/token'],
    ['refused', 'https://ghcr.io', 'ftp://ghcr.io/token'],
    ['refused', 'https://ghcr.io', '/token'],
    ['refused', 'https://ghcr.io', ''],
    ['refused', 'https://ghcr.io', 'https://127.0.0.1/token'],
    ['refused', 'https://10.0.0.1', 'https://127.0.0.1/token'],
    ['refused', 'https://10.0.0.1', 'https://169.254.169.254/token'],
    ['anonymous', 'https://10.0.0.1', 'https://192.168.0.1/token'],
    ['trusted', 'https://10.0.0.1:5000', 'https://10.0.0.1/token'],
    ['trusted', 'http://localhost:5000', 'http://localhost:5001/token'],
    ['trusted', 'http://localhost:5000', 'http://127.0.0.1:5001/token'],
    ['trusted', 'https://127.0.0.1:5000', 'http://127.0.0.1:5001/token'],
    ['anonymous', 'http://localhost:5000', 'http://auth.example/token'],
    ['anonymous', 'http://plain.example', 'http://plain.example/token'],
    ['trusted', 'http://plain.example', 'https://plain.example/token'],
  ])('%s: %s naming %s', (expected, registry, realm) => {
    expect(verdict(registry, realm)).toBe(expected);
  });

  it('lets an insecure registry name an http realm of its own', () => {
    expect(verdict('http://plain.example', 'http://plain.example/token', true)).toBe('trusted');
    expect(verdict('https://plain.example', 'http://plain.example/token', true)).toBe('trusted');
    expect(verdict('https://r.corp.example', 'http://auth.corp.example/token', true)).toBe('anonymous');
    expect(verdict('https://plain.example', 'http://evil.example/token', true)).toBe('anonymous');
  });

  it('trusts the hosts it is told to, with their ports, and still never over http', () => {
    const trusted = ['auth.corp.example', 'auth.corp.example:5001'];
    const registry = 'https://registry.example';
    expect(verdict(registry, 'https://auth.corp.example/token', false, trusted)).toBe('trusted');
    expect(verdict(registry, 'https://auth.corp.example:5001/token', false, trusted)).toBe('trusted');
    expect(verdict(registry, 'https://auth.corp.example:5002/token', false, trusted)).toBe('anonymous');
    expect(verdict(registry, 'https://auth.corp.example.evil/token', false, trusted)).toBe('anonymous');
    expect(verdict(registry, 'http://auth.corp.example/token', false, trusted)).toBe('refused');
  });

  it('says what is wrong in words that hide secrets', () => {
    const endpoint = parseEndpoint(endpointOf('https://ghcr.io'));
    const messageFor = (parameters: [string, string][]): string => {
      try {
        judgeRealm({ scheme: 'bearer', parameters: new Map(parameters) }, endpoint, {
          trustedRealms: [],
          request: { method: 'HEAD', url: 'https://ghcr.io/v2/a/manifests/b?x=1' },
        });
      } catch (error) {
        return (error as Error).message;
      }
      return 'accepted';
    };
    expect(messageFor([])).toBe(
      'Head "https://ghcr.io/v2/a/manifests/b": no realm specified for token auth challenge',
    );
    expect(messageFor([['realm', 'https://user:secret@a/token?key=1']])).toBe(
      'Head "https://ghcr.io/v2/a/manifests/b": invalid token auth challenge realm: https://a/token',
    );
  });

  it('says which option lets a realm have credentials', () => {
    const realm = { url: new URL('https://auth.corp.example:8443/token?x=secret'), trusted: false };
    const error = strangeRealm(realm, { method: 'GET', url: 'https://ghcr.io/v2/' });
    expect([error.code, error.reason, error.retryable]).toEqual(['UNAUTHENTICATED', 'realm', false]);
    expect(error.message).toContain("put 'auth.corp.example:8443' into trustedRealms");
    expect(error.message).not.toContain('secret');
  });
});
