import { isStowageError } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { encodeBasic } from '../auth/basic.ts';
import { findCredential } from './credential.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import { endpointOf, rejection } from '../test-support/fixtures.ts';

const GHCR = parseEndpoint(endpointOf('https://ghcr.io'));
const HUB = parseEndpoint(endpointOf('https://registry-1.docker.io', { official: true }));
const MIRROR = parseEndpoint(endpointOf('https://mirror.example:5000', { mirror: true }));
const PASSWORD = { kind: 'password', username: 'ann', password: 's:ecret' };
const ANN: AuthConfig = { username: 'ann', password: 's:ecret' };

describe('findCredential', () => {
  it.each<[string, AuthConfig, unknown]>([
    ['name and password', ANN, PASSWORD],
    ['both in base64', { auth: btoa('ann:s:ecret') }, PASSWORD],
    ['both in base64, padded with NULs', { auth: btoa('ann:s:ecret\0\0') }, PASSWORD],
    ['an identity token before a password', { ...ANN, identityToken: 'r' }, { kind: 'refresh', token: 'r' }],
    [
      'a registry token before all',
      { ...ANN, identityToken: 'r', registryToken: 'b' },
      { kind: 'bearer', token: 'b' },
    ],
    ['nothing', {}, { kind: 'anonymous' }],
    ['a name alone', { username: 'ann' }, { kind: 'anonymous' }],
    ['a password alone', { username: '', password: 'x' }, { kind: 'anonymous' }],
  ])('takes %s', async (_name, auth, expected) => {
    expect(await findCredential(auth, GHCR, {})).toEqual(expected);
  });

  it.each(['!', btoa('nocolon'), btoa(':nobody')])('refuses the malformed auth %j', async (auth) => {
    expect(isStowageError(await rejection(findCredential({ auth }, GHCR, {})), 'INVALID_ARGUMENT')).toBe(
      true,
    );
  });

  it('refuses a token that cannot be sent', async () => {
    const error = await rejection(findCredential({ registryToken: 'a\r\nX-Evil: 1' }, GHCR, {}));
    expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
  });

  it.each(['ghcr.io', 'https://ghcr.io', 'https://ghcr.io/v2/', 'http://ghcr.io/any'])(
    'takes credentials for %s to ghcr.io',
    async (serverAddress) => {
      expect(await findCredential({ ...ANN, serverAddress }, GHCR, {})).toEqual(PASSWORD);
    },
  );

  it('tells a port that goes without saying from none, as docker does', async () => {
    const endpoint = parseEndpoint(endpointOf('https://GHCR.io:443'));
    expect(endpoint.credentialHost).toBe('ghcr.io:443');
    expect(await findCredential({ ...ANN, serverAddress: 'ghcr.io:443' }, endpoint, {})).toEqual(PASSWORD);
    expect(await findCredential({ ...ANN, serverAddress: 'ghcr.io' }, endpoint, {})).toEqual({
      kind: 'anonymous',
    });
  });

  it('knows Docker Hub by its names', async () => {
    for (const serverAddress of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io']) {
      expect(await findCredential({ ...ANN, serverAddress }, HUB, {})).toEqual(PASSWORD);
      expect(await findCredential({ ...ANN, serverAddress }, GHCR, {})).toEqual({ kind: 'anonymous' });
    }
  });

  it('gives a mirror only what is for it', async () => {
    const asked: string[] = [];
    const provider = (host: string): Promise<AuthConfig> => {
      asked.push(host);
      return Promise.resolve(ANN);
    };
    expect(await findCredential(ANN, MIRROR, {})).toEqual({ kind: 'anonymous' });
    expect(await findCredential({ ...ANN, serverAddress: 'mirror.example:5000' }, MIRROR, {})).toEqual(
      PASSWORD,
    );
    expect(await findCredential({ ...ANN, serverAddress: 'docker.io' }, MIRROR, {})).toEqual({
      kind: 'anonymous',
    });
    expect(await findCredential(provider, MIRROR, {})).toEqual(PASSWORD);
    await findCredential(provider, HUB, {});
    expect(asked).toEqual(['mirror.example:5000', 'docker.io']);
  });
});

describe('encodeBasic', () => {
  it('is base64 of UTF-8', () => {
    expect(encodeBasic('ann', 's:ecret')).toBe('Basic YW5uOnM6ZWNyZXQ=');
    expect(encodeBasic('ann', '\u00e9\u{1f511}')).toBe('Basic YW5uOsOp8J+UkQ==');
  });
});
