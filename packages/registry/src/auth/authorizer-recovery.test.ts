import { isRegistryError } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { Authorizer } from './authorizer.ts';
import { parseEndpoint } from '../address/endpoint.ts';
import type { RegistryNotice } from '../transport/notice.ts';
import { Session } from '../session/session.ts';
import type { SessionRequest } from '../session/session.ts';
import { createTokenCache } from './token-cache.ts';
import { createTransport } from '../transport/transport.ts';
import { endpointOf, REGISTRY, rejection } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Reply, Script, Sent } from '../test-support/scripted-fetch.ts';

const PING = `GET ${REGISTRY}/v2/`;
const URL_A = `${REGISTRY}/v2/team/app/a`;
const REALM = 'https://auth.registry.example/token';
const BEARER = `Bearer realm="${REALM}",service="reg"`;
const PULL = 'repository:team/app:pull';
const PUSH = 'repository:team/app:push,pull';
const SOURCE = 'repository:team/base:pull';
const ANN: AuthConfig = { username: 'ann', password: 'secret' };

function tokenUrl(...scopes: string[]): string {
  const query = scopes.map((scope) => `scope=${encodeURIComponent(scope)}`).join('&');
  return `GET ${REALM}?${query}&service=reg`;
}

function annUrl(...scopes: string[]): string {
  return tokenUrl(...scopes).replace('?', '?account=ann&');
}

function refusal(status: number, header: string = BEARER): Reply {
  return { status, headers: { 'www-authenticate': header } };
}

/** A session over a script, and what it was told beside. */
function sessionOver(
  script: Script,
  init: { readonly auth?: AuthConfig; readonly scope?: string } = {},
): {
  network: ScriptedFetch;
  notices: RegistryNotice[];
  get: (request?: Partial<SessionRequest>) => Promise<number>;
} {
  const network = new ScriptedFetch({ [PING]: refusal(401), ...script });
  const clock = new TestClock();
  const notices: RegistryNotice[] = [];
  const onNotice = (notice: RegistryNotice): void => void notices.push(notice);
  const endpoint = parseEndpoint(endpointOf(REGISTRY));
  const transport = createTransport({ endpoint, fetch: network.fetch, clock });
  const deps = { endpoint, transport, clock, random: () => 1 };
  const authorizer = new Authorizer({
    ...deps,
    auth: init.auth,
    scope: init.scope ?? PULL,
    tokens: createTokenCache({ clock }),
    trustedRealms: [],
    onNotice,
  });
  const session = new Session({ ...deps, name: 'team/app', authorizer });
  return {
    network,
    notices,
    get: (request = {}) =>
      session.exchange({ method: 'GET', url: URL_A, ...request }, async (answer) => {
        if (!answer.response.ok) throw await session.failure(answer, undefined);
        return answer.response.status;
      }),
  };
}

function letsIn(token: string, otherwise: Reply = refusal(401)): (sent: Sent) => Reply {
  return ({ headers }) => (headers['authorization'] === `Bearer ${token}` ? {} : otherwise);
}

describe('stale credentials', () => {
  const refused = { status: 401, json: { details: 'incorrect username or password' } };
  const script: Script = {
    [annUrl(PULL)]: refused,
    [tokenUrl(PULL)]: { json: { token: 'public' } },
  };

  it('make way for none, with a notice, and are not tried again', async () => {
    const { network, notices, get } = sessionOver(
      { ...script, [`GET ${URL_A}`]: letsIn('public') },
      { auth: ANN },
    );
    expect([await get(), await get()]).toEqual([200, 200]);
    expect(network.log.filter((line) => line.includes('token?'))).toEqual([annUrl(PULL), tokenUrl(PULL)]);
    expect(notices).toEqual([
      {
        kind: 'stale-credentials',
        host: 'auth.registry.example',
        message:
          'credentials were refused by auth.registry.example, going on without: ' +
          'unauthorized: incorrect username or password',
      },
    ]);
  });

  it('are what is wrong when nobody in particular is let in', async () => {
    const { get } = sessionOver({ ...script, [`GET ${URL_A}`]: refusal(401) }, { auth: ANN });
    const error = await rejection(get());
    expect(isRegistryError(error) && [error.code, error.message, error.url]).toEqual([
      'UNAUTHENTICATED',
      'unauthorized: incorrect username or password',
      REALM,
    ]);
  });

  it('do not make way for none where something is written', async () => {
    const { network, get } = sessionOver({ [annUrl(PUSH)]: refused }, { auth: ANN, scope: PUSH });
    expect(((await rejection(get())) as Error).message).toContain('incorrect username or password');
    expect(network.log).toEqual([PING, annUrl(PUSH)]);
  });

  it('may be a refresh token, whose server calls the grant invalid', async () => {
    const { network, get } = sessionOver(
      {
        [`POST ${REALM}`]: { status: 400, json: { error: 'invalid_grant' } },
        [tokenUrl(PULL)]: { json: { token: 'public' } },
        [`GET ${URL_A}`]: letsIn('public'),
      },
      { auth: { identityToken: 'old' } },
    );
    expect(await get()).toBe(200);
    expect(network.log).toEqual([PING, `POST ${REALM}`, tokenUrl(PULL), `GET ${URL_A}`]);
  });

  it('are not what a busy server complains of', async () => {
    const { network, get } = sessionOver({ [annUrl(PULL)]: { status: 503 } }, { auth: ANN });
    expect(isRegistryError(await rejection(get()))).toBe(true);
    expect(network.log).toEqual([PING, annUrl(PULL), annUrl(PULL), annUrl(PULL)]);
  });
});

describe('a token that lacks something', () => {
  const wide = `${PULL} repository:team/base:pull`;

  it.each([
    [403, `Bearer error="insufficient_scope",scope="${wide}"`],
    [401, `${BEARER},error="insufficient_scope",scope="${wide}"`],
    [401, `${BEARER},scope="${wide}"`],
  ])('is replaced once by what the registry wants (%i)', async (status, header) => {
    const { network, get } = sessionOver({
      [tokenUrl(PULL)]: { json: { token: 'narrow' } },
      [tokenUrl(SOURCE, PULL)]: { json: { token: 'wide' } },
      [`GET ${URL_A}`]: ({ headers }) =>
        headers['authorization'] === undefined
          ? refusal(401)
          : letsIn('wide', refusal(status, header))({ headers } as Sent),
    });
    expect(await get()).toBe(200);
    expect(network.log).toEqual([
      `GET ${URL_A}`,
      tokenUrl(PULL),
      `GET ${URL_A}`,
      tokenUrl(SOURCE, PULL),
      `GET ${URL_A}`,
    ]);
    expect(await get()).toBe(200);
    expect(network.log.length).toBe(6);
  });

  it('is not replaced over and over, whatever the registry comes up with', async () => {
    let count = 0;
    const { network, get } = sessionOver({
      [tokenUrl(PULL)]: { json: { token: 't' } },
      [tokenUrl('repository:r1:pull', PULL)]: { json: { token: 't1' } },
      [tokenUrl('repository:r1:pull', 'repository:r2:pull', PULL)]: { json: { token: 't2' } },
      [`GET ${URL_A}`]: ({ headers }) => {
        if (headers['authorization'] === undefined) return refusal(401);
        count += 1;
        return refusal(403, `Bearer error="insufficient_scope",scope="repository:r${String(count)}:pull"`);
      },
    });
    const error = await rejection(get());
    expect(isRegistryError(error) && error.code).toBe('DENIED');
    expect(network.log.filter((line) => line === `GET ${URL_A}`).length).toBe(3);
  });

  it('is left alone where the registry wants what it has, or nonsense', async () => {
    for (const scope of [PULL, 'nonsense', 'a:b:c d', `repository:${'x'.repeat(600)}:pull`, '']) {
      const { network, get } = sessionOver({
        [tokenUrl(PULL)]: { json: { token: 't' } },
        [`GET ${URL_A}`]: ({ headers }) =>
          headers['authorization'] === undefined
            ? refusal(401)
            : refusal(403, `Bearer error="insufficient_scope",scope="${scope}"`),
      });
      if (scope === 'a:b:c d') continue;
      expect(isRegistryError(await rejection(get()))).toBe(true);
      expect(network.log.length).toBe(3);
    }
  });
});

describe('several scopes', () => {
  const request = { method: 'POST', url: URL_A, scopes: [SOURCE] } as const;

  it('are asked for together', async () => {
    const { network, get } = sessionOver(
      {
        [tokenUrl(PUSH, SOURCE)]: { json: { token: 'both' } },
        [`POST ${URL_A}`]: letsIn('both'),
        [tokenUrl(PUSH)]: { json: { token: 'one' } },
        [`GET ${URL_A}`]: letsIn('one'),
      },
      { scope: PUSH },
    );
    expect([await get(request), await get(), await get(request)]).toEqual([200, 200, 200]);
    expect(network.log.filter((line) => line.includes('token?'))).toEqual([
      tokenUrl(PUSH, SOURCE),
      tokenUrl(PUSH),
    ]);
  });

  it.each([400, 403, 404])(
    'are asked for one by one where a server answers them with %i, from then on',
    async (status) => {
      const { network, get } = sessionOver(
        {
          [tokenUrl(PUSH, SOURCE)]: { status },
          [tokenUrl(PUSH)]: { json: { token: 'one' } },
          [`POST ${URL_A}`]: letsIn('one'),
          [tokenUrl(PUSH, 'repository:other:pull')]: { status: 500 },
        },
        { scope: PUSH },
      );
      expect(await get(request)).toBe(200);
      expect(await get({ ...request, scopes: ['repository:other:pull'] })).toBe(200);
      expect(network.log).toEqual([
        `POST ${URL_A}`,
        tokenUrl(PUSH, SOURCE),
        tokenUrl(PUSH),
        `POST ${URL_A}`,
        `POST ${URL_A}`,
      ]);
    },
  );

  it('are not what is wrong where one alone is refused too', async () => {
    const { network, get } = sessionOver(
      {
        [tokenUrl(PUSH, SOURCE)]: { status: 400 },
        [tokenUrl(PUSH)]: { status: 403 },
        [`POST ${URL_A}`]: letsIn('none'),
      },
      { scope: PUSH },
    );
    expect(isRegistryError(await rejection(get(request)))).toBe(true);
    await rejection(get(request));
    expect(network.log.filter((line) => line.includes('token?')).length).toBe(4);
  });
});

describe('the two ways to ask for a token', () => {
  it.each([404, 405])('a refresh token goes by GET where there is no POST (%i)', async (status) => {
    const { network, get } = sessionOver(
      {
        [`POST ${REALM}`]: { status },
        [tokenUrl(PULL)]: { json: { token: 't' } },
        [`GET ${URL_A}`]: letsIn('t'),
      },
      { auth: { identityToken: 'refresh' } },
    );
    expect(await get()).toBe(200);
    expect(network.authorizations(`${REALM}?`)).toEqual([`Basic ${btoa(':refresh')}`]);
  });

  it('a password goes by POST where there is no GET', async () => {
    const { network, get } = sessionOver(
      {
        [annUrl(PULL)]: { status: 405 },
        [`POST ${REALM}`]: { json: { access_token: 't' } },
        [`GET ${URL_A}`]: letsIn('t'),
      },
      { auth: ANN },
    );
    expect(await get()).toBe(200);
    const post = network.sent.find(({ method }) => method === 'POST');
    expect(Object.fromEntries(new URLSearchParams(post?.body))).toEqual({
      client_id: 'stowage',
      grant_type: 'password',
      username: 'ann',
      password: 'secret',
      scope: PULL,
      service: 'reg',
    });
  });

  it('the first answer counts where neither is known, the second where it says more', async () => {
    const other = { status: 404, json: { errors: [{ code: 'UNSUPPORTED', message: 'by get' }] } };
    for (const [status, message] of [
      [404, 'unsupported: by get'],
      [401, 'unauthorized: by post'],
    ] as const) {
      const { get } = sessionOver(
        {
          [annUrl(PUSH)]: other,
          [`POST ${REALM}`]: { status, json: { errors: [{ code: 'UNAUTHORIZED', message: 'by post' }] } },
        },
        { auth: ANN, scope: PUSH },
      );
      expect(((await rejection(get())) as Error).message).toBe(message);
    }
  });

  it('nobody has anything to POST', async () => {
    const { network, get } = sessionOver({
      [tokenUrl(PULL)]: { status: 404 },
      [`GET ${URL_A}`]: refusal(401),
    });
    await rejection(get());
    expect(network.log).toEqual([`GET ${URL_A}`, tokenUrl(PULL)]);
  });
});

describe('a refresh token', () => {
  const auth = { identityToken: 'first' };

  it('gives way to the one that comes in its place', async () => {
    const { network, get } = sessionOver(
      {
        [`POST ${REALM}`]: [
          { json: { access_token: 't1', refresh_token: 'second' } },
          { json: { access_token: 't2', refresh_token: 'third' } },
        ],
        [`GET ${URL_A}`]: [{}, refusal(401), {}],
      },
      { auth },
    );
    expect([await get(), await get()]).toEqual([200, 200]);
    const shown = network.sent
      .filter(({ method }) => method === 'POST')
      .map(({ body }) => new URLSearchParams(body).get('refresh_token'));
    expect(shown).toEqual(['first', 'second']);
  });

  it('is shown to no other realm, though that may be the registry’s too', async () => {
    const other = 'https://login.registry.example/token';
    const { network, get } = sessionOver(
      {
        [`POST ${REALM}`]: { json: { access_token: 't1' } },
        [`GET ${URL_A}`]: [{}, refusal(401, `Bearer realm="${other}"`)],
      },
      { auth },
    );
    expect(await get()).toBe(200);
    const error = await rejection(get());
    expect(isRegistryError(error) && [error.code, error.reason]).toEqual(['UNAUTHENTICATED', 'realm']);
    expect(network.log).not.toContain(`POST ${other}`);
  });
});

describe('a body', () => {
  it('is sent again after a refusal, and after a failure', async () => {
    const { network, get } = sessionOver({ [`PUT ${URL_A}`]: { status: 503 } });
    await rejection(get({ method: 'PUT', body: 'abc' }));
    expect(network.sent.map((sent) => sent.body)).toEqual(['abc', 'abc', 'abc']);
  });

  it('is not sent again after a failure that its sender wants to look into, but after a refusal', async () => {
    const failing = sessionOver({ [`PATCH ${URL_A}`]: { status: 503 } });
    await rejection(failing.get({ method: 'PATCH', body: 'abc', once: true }));
    expect(failing.network.log.length).toBe(1);
    const broken = sessionOver({ [`PATCH ${URL_A}`]: { error: new TypeError('connection reset') } });
    await rejection(broken.get({ method: 'PATCH', body: 'abc', once: true }));
    expect(broken.network.log.length).toBe(1);
    const refusing = sessionOver({
      [`PATCH ${URL_A}`]: [refusal(401), {}],
      [tokenUrl(PULL)]: { json: { token: 't' } },
    });
    expect(await refusing.get({ method: 'PATCH', body: 'abc', once: true })).toBe(200);
  });
});
