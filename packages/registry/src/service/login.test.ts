import { isRegistryError } from '@stowage/types';
import type { AuthConfig, LoginResult, RegistryError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createRegistryService } from './registry-service.ts';
import type { RegistryServiceInit } from './registry-service.ts';
import { rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Reply, Script } from '../test-support/scripted-fetch.ts';

const ANN: AuthConfig = { username: 'ann', password: 's3cret', serverAddress: 'registry.example' };
const BASE = 'https://registry.example/v2/';
const REALM = 'https://registry.example/token';
const BEARER = { 'www-authenticate': `Bearer realm="${REALM}",service="registry.example"` };
const BASIC = { 'www-authenticate': 'Basic realm="test"' };
const TOKEN_URL = `${REALM}?account=ann&client_id=stowage&offline_token=true&service=registry.example`;
const RESET = new TypeError('fetch failed', {
  cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
});

function scripted(script: Script, init: RegistryServiceInit = {}) {
  const network = new ScriptedFetch(script);
  const service = createRegistryService({
    fetch: network.fetch,
    clock: new TestClock(),
    random: () => 1,
    ...init,
  });
  return { network, login: (auth: AuthConfig): Promise<LoginResult> => service.auth(auth) };
}

async function refusal(login: Promise<unknown>): Promise<RegistryError> {
  const error = await rejection(login);
  if (!isRegistryError(error)) throw error;
  return error;
}

/** Lets in who shows this. */
function onlyWith(authorization: string, challenge: Readonly<Record<string, string>>): Script[string] {
  return ({ headers }): Reply =>
    headers['authorization'] === authorization ? {} : { status: 401, headers: challenge };
}

describe('auth', () => {
  it('logs in with name and password', async () => {
    const basic = `Basic ${btoa('ann:s3cret')}`;
    const { login, network } = scripted({ [`GET ${BASE}`]: onlyWith(basic, BASIC) });
    expect(await login(ANN)).toEqual({ status: 'Login Succeeded' });
    expect(network.authorizations(BASE)).toEqual(['-', basic]);
  });

  it('logs in at a token server, and answers its refresh token', async () => {
    const { login, network } = scripted({
      [`GET ${BASE}`]: onlyWith('Bearer t', BEARER),
      [`GET ${TOKEN_URL}`]: { json: { token: 't', refresh_token: 'r' } },
    });
    expect(await login(ANN)).toEqual({ status: 'Login Succeeded', identityToken: 'r' });
    expect(network.authorizations(REALM)).toEqual([`Basic ${btoa('ann:s3cret')}`]);
    expect(network.authorizations(BASE)).toEqual(['-', 'Bearer t']);
  });

  it('logs in with an identity token, and keeps it where there is no other', async () => {
    const { login, network } = scripted({
      [`GET ${BASE}`]: onlyWith('Bearer t', BEARER),
      [`POST ${REALM}`]: { json: { access_token: 't' } },
    });
    const auth = { username: 'ann', identityToken: 'mine', serverAddress: 'registry.example' };
    expect(await login(auth)).toEqual({ status: 'Login Succeeded', identityToken: 'mine' });
    const sent = network.sent.find(({ method }) => method === 'POST');
    expect(Object.fromEntries(new URLSearchParams(sent?.body))).toEqual({
      client_id: 'stowage',
      grant_type: 'refresh_token',
      refresh_token: 'mine',
      service: 'registry.example',
    });
  });

  it('succeeds where nobody is asked for anything, as in docker', async () => {
    const { login, network } = scripted({ [`GET ${BASE}`]: {} });
    expect(await login(ANN)).toEqual({ status: 'Login Succeeded' });
    expect(network.authorizations('https://')).toEqual(['-', '-']);
  });

  it.each([
    [
      401,
      'login attempt to https://registry.example/v2/ failed with status: 401 Unauthorized',
      'UNAUTHENTICATED',
    ],
    [403, 'login attempt to https://registry.example/v2/ failed with status: 403 Forbidden', 'DENIED'],
    [404, 'login attempt to https://registry.example/v2/ failed with status: 404 Not Found', 'NOT_FOUND'],
    [418, 'login attempt to https://registry.example/v2/ failed with status: 418', 'REGISTRY'],
  ])('refuses a %d', async (status, message, code) => {
    const { login } = scripted({
      [`GET ${BASE}`]: ({ headers }) =>
        headers['authorization'] === undefined ? { status: 401, headers: BASIC } : { status, headers: BASIC },
    });
    const error = await refusal(login(ANN));
    expect([error.message, error.code, error.status, error.url]).toEqual([message, code, status, BASE]);
  });

  it('refuses other answers than 200, though they are no errors', async () => {
    const { login } = scripted({ [`GET ${BASE}`]: { status: 204 } });
    expect((await refusal(login(ANN))).message).toContain('failed with status: 204');
  });

  it('says what the token server says', async () => {
    const errors = [{ code: 'UNAUTHORIZED', message: 'incorrect username or password' }];
    const { login } = scripted({
      [`GET ${BASE}`]: { status: 401, headers: BEARER },
      [`GET ${TOKEN_URL}`]: { status: 401, json: { errors } },
    });
    const error = await refusal(login(ANN));
    expect([error.message, error.code, error.status]).toEqual([
      'Get "https://registry.example/v2/": unauthorized: incorrect username or password',
      'UNAUTHENTICATED',
      401,
    ]);
    expect(error.errors).toMatchObject(errors);
  });

  it('does not take a login as nobody for one', async () => {
    const { login, network } = scripted({
      [`GET ${BASE}`]: ({ headers }) =>
        headers['authorization'] === undefined
          ? { status: 401, headers: { 'www-authenticate': 'Bearer realm="https://tokens.example.net/t"' } }
          : {},
      'GET https://tokens.example.net/t?client_id=stowage&offline_token=true': { json: { token: 'anybody' } },
    });
    const error = await refusal(login(ANN));
    expect([error.code, error.reason]).toEqual(['UNAUTHENTICATED', 'realm']);
    expect(error.message).toContain('trustedRealms');
    expect(network.authorizations('https://tokens.example.net/').every((value) => value === '-')).toBe(true);
  });

  it('logs in at Docker Hub where no server is named, and never at a mirror', async () => {
    const { login, network } = scripted(
      { 'GET https://registry-1.docker.io/v2/': {} },
      { mirrors: ['https://mirror.example'] },
    );
    for (const serverAddress of ['', 'docker.io', 'index.docker.io', 'https://index.docker.io/v1/']) {
      expect((await login({ ...ANN, serverAddress })).status).toBe('Login Succeeded');
    }
    expect(new Set(network.log)).toEqual(new Set(['GET https://registry-1.docker.io/v2/']));
  });

  it.each(['http://registry.example/any/path', 'https://registry.example', 'registry.example/v1/'])(
    'takes of %s the host alone',
    async (serverAddress) => {
      const { login, network } = scripted({ [`GET ${BASE}`]: {} });
      await login({ ...ANN, serverAddress });
      expect(new Set(network.log)).toEqual(new Set([`GET ${BASE}`]));
    },
  );

  it.each(['http://a b', 'https://[::1', 'a:99999'])(
    'refuses the server address %j',
    async (serverAddress) => {
      const { login, network } = scripted({});
      await expect(login({ ...ANN, serverAddress })).rejects.toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^unable to parse server address: /) as string,
      });
      expect(network.log).toEqual([]);
    },
  );

  describe('at an insecure registry', () => {
    const insecure = { insecureRegistries: ['registry.example'] };
    const plain = 'http://registry.example/v2/';

    it('goes on over http where nobody answers', async () => {
      const { login, network } = scripted(
        { [`GET ${BASE}`]: { error: RESET }, [`GET ${plain}`]: {} },
        insecure,
      );
      expect((await login(ANN)).status).toBe('Login Succeeded');
      expect(new Set(network.log)).toEqual(new Set([`GET ${BASE}`, `GET ${plain}`]));
    });

    it('stays with TLS where somebody does, whatever the answer', async () => {
      for (const status of [401, 404, 500]) {
        const { login, network } = scripted({ [`GET ${BASE}`]: { status, headers: BASIC } }, insecure);
        expect((await refusal(login(ANN))).status).toBe(status);
        expect(network.log).not.toContain(`GET ${plain}`);
      }
    });

    it('stays with TLS once somebody did, whatever breaks then', async () => {
      const broken = [
        { [`GET ${BASE}`]: [{ status: 401, headers: BASIC }, { error: RESET }] },
        { [`GET ${BASE}`]: { status: 401, headers: BEARER }, [`GET ${TOKEN_URL}`]: { error: RESET } },
      ];
      for (const script of broken) {
        const { login, network } = scripted(script, insecure);
        expect((await refusal(login(ANN))).code).toBe('UNAVAILABLE');
        expect(network.log).not.toContain(`GET ${plain}`);
      }
    });

    it('stays with TLS where the certificate is bad', async () => {
      const error = new TypeError('fetch failed', {
        cause: Object.assign(new Error('x'), { code: 'CERT_HAS_EXPIRED' }),
      });
      const { login, network } = scripted({ [`GET ${BASE}`]: { error } }, insecure);
      expect((await refusal(login(ANN))).reason).toBe('certificate');
      expect(network.log).not.toContain(`GET ${plain}`);
    });
  });

  it('never goes on over http elsewhere', async () => {
    const { login, network } = scripted({ [`GET ${BASE}`]: { error: RESET } });
    expect((await refusal(login(ANN))).code).toBe('UNAVAILABLE');
    expect(new Set(network.log)).toEqual(new Set([`GET ${BASE}`]));
  });

  it('rejects with the reason of an aborted signal', async () => {
    const reason = new Error('enough');
    const service = createRegistryService({ fetch: new ScriptedFetch({}).fetch });
    expect(await rejection(service.auth(ANN, { signal: AbortSignal.abort(reason) }))).toBe(reason);
  });
});
