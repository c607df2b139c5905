import { isRegistryError, MEDIA_TYPES } from '@stowage/types';
import type { AuthConfig } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  all,
  endpointOf,
  NO_DIGEST,
  REGISTRY,
  rejection,
  scripted,
  textOf,
} from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Reply, Script, Sent } from '../test-support/scripted-fetch.ts';
import { createRepository } from '../repository/repository.ts';
import { createTokenCache } from './token-cache.ts';

const PING = `GET ${REGISTRY}/v2/`;
const TAGS_URL = `${REGISTRY}/v2/team/app/tags/list`;
const TAGS = `GET ${TAGS_URL}`;
const REALM = 'https://auth.registry.example/token';
const SCOPE = 'scope=repository%3Ateam%2Fapp%3Apull';
const TOKEN = `GET ${REALM}?${SCOPE}&service=reg`;
const ANN: AuthConfig = { username: 'ann', password: 'secret' };
const ANN_TOKEN = `GET ${REALM}?account=ann&${SCOPE}&service=reg`;
const ANN_BASIC = 'Basic YW5uOnNlY3JldA==';

function challenge(...challenges: string[]): Reply {
  return { status: 401, headers: { 'www-authenticate': challenges.join(', ') } };
}

const BEARER = challenge(`Bearer realm="${REALM}",service="reg",scope="repository:team/app:pull"`);
const BASIC = challenge('Basic realm="r"');

/** Lets in who has one of these `Authorization` headers. */
function guarded(
  allowed: string | readonly string[],
  refusal: Reply = BEARER,
  inside: Reply = { json: { tags: ['v1'] } },
): (sent: Sent) => Reply {
  return ({ headers }) => ([allowed].flat().includes(headers['authorization'] ?? '-') ? inside : refusal);
}

describe('anonymous', () => {
  it('sends nothing to a registry that asks for nothing', async () => {
    const script: Script = { [TAGS]: { json: { tags: ['v1'] } } };
    const nobody = scripted(script);
    expect(await all(nobody.repository.tags())).toEqual(['v1']);
    expect(nobody.network.authorizations('https://')).toEqual(['-']);
    const ann = scripted(script, { auth: ANN });
    expect(await all(ann.repository.tags())).toEqual(['v1']);
    expect(ann.network.log).toEqual([PING, TAGS]);
    expect(ann.network.authorizations('https://')).toEqual(['-', '-']);
  });

  it('gets a token as nobody after the first 401, and needs no other', async () => {
    const { repository, network } = scripted({
      [TOKEN]: { json: { token: 't1' } },
      [TAGS]: guarded('Bearer t1'),
    });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.log).toEqual([TAGS, TOKEN, TAGS]);
    expect(network.authorizations(REALM)).toEqual(['-']);
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.authorizations(TAGS_URL)).toEqual(['-', 'Bearer t1', 'Bearer t1']);
  });

  it('gets one token for three callers at once, each of whom asked before', async () => {
    const { repository, network } = scripted({
      [TOKEN]: [{ json: { token: 't1' } }, { json: { token: 't2' } }],
      [TAGS]: guarded('Bearer t1'),
    });
    const callers = Array.from({ length: 3 }, () => all(repository.tags()));
    expect(await Promise.all(callers)).toEqual([['v1'], ['v1'], ['v1']]);
    expect(network.log.filter((line) => line === TOKEN).length).toBe(1);
    const sent = network.authorizations(TAGS_URL);
    expect(sent.sort()).toEqual(['-', '-', '-', 'Bearer t1', 'Bearer t1', 'Bearer t1']);
    expect(network.log.length).toBe(7);
  });

  it('keeps a token that came before the 401 of another caller', async () => {
    let arrive: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const network = new ScriptedFetch({ [TOKEN]: { json: { token: 't1' } }, [TAGS]: guarded('Bearer t1') });
    const repository = createRepository({
      endpoint: endpointOf(REGISTRY),
      name: 'team/app',
      clock: new TestClock(),
      fetch: async (url, init) => {
        const first = network.log.length === 0;
        const answer = await network.fetch(url, init);
        if (first) await late;
        return answer;
      },
    });
    const slow = all(repository.tags());
    expect(await all(repository.tags())).toEqual(['v1']);
    arrive();
    expect(await slow).toEqual(['v1']);
    expect(network.log).toEqual([TAGS, TAGS, TOKEN, TAGS, TAGS]);
  });

  it('repeats a HEAD after a 401, and a GET of a part of a blob', async () => {
    const manifest = `${REGISTRY}/v2/team/app/manifests/v1`;
    const blob = `${REGISTRY}/v2/team/app/blobs/${NO_DIGEST}`;
    const within = (reply: Reply): ((sent: Sent) => Reply) =>
      guarded('Bearer t1', { ...BEARER, body: 'who are you?' }, reply);
    const script: Script = {
      [TOKEN]: { json: { token: 't1' } },
      [`HEAD ${manifest}`]: within({
        headers: {
          'content-type': MEDIA_TYPES.ociManifest,
          'content-length': '123',
          'docker-content-digest': NO_DIGEST,
        },
      }),
      [`GET ${blob}`]: within({
        status: 206,
        headers: { 'content-range': 'bytes 4-6/10' },
        body: 'efg',
      }),
    };
    const head = scripted(script);
    expect((await head.repository.manifests.head('v1')).size).toBe(123);
    expect(head.network.log).toEqual([`HEAD ${manifest}`, TOKEN, `HEAD ${manifest}`]);
    const part = scripted(script);
    const stream = await part.repository.blobs.open(NO_DIGEST, { offset: 4, length: 3 });
    expect(await textOf(stream)).toBe('efg');
    expect(part.network.log).toEqual([`GET ${blob}`, TOKEN, `GET ${blob}`]);
    const ranges = part.network.sent.filter(({ url }) => url === blob).map(({ headers }) => headers['range']);
    expect(ranges).toEqual(['bytes=4-6', 'bytes=4-6']);
  });

  it('fails where a password is wanted, in words that docker has', async () => {
    const { repository, network } = scripted({ [TAGS]: BASIC });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message, error.retryable]).toEqual([
      'UNAUTHENTICATED',
      `Get "${REGISTRY}/v2/team/app/tags/list": no basic auth credentials`,
      false,
    ]);
    expect(network.log).toEqual([TAGS]);
  });

  it('cannot answer schemes that it does not know', async () => {
    const refusal = challenge('Negotiate');
    const ann = scripted({ [PING]: refusal, [TAGS]: { status: 401 } }, { auth: ANN });
    expect(isRegistryError(await rejection(all(ann.repository.tags())))).toBe(true);
    expect(ann.network.log).toEqual([PING, TAGS]);
    expect(ann.network.authorizations(REGISTRY)).toEqual(['-', '-']);
    const nobody = scripted({ [TAGS]: refusal });
    expect(isRegistryError(await rejection(all(nobody.repository.tags())))).toBe(true);
    expect(nobody.network.log).toEqual([TAGS]);
  });
});

describe('name and password', () => {
  it('go to the token server, never to a registry that takes tokens', async () => {
    const { repository, network } = scripted(
      {
        [PING]: BEARER,
        [ANN_TOKEN]: { json: { access_token: 'good', token: 'other' } },
        [TAGS]: guarded('Bearer good'),
      },
      { auth: ANN },
    );
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.authorizations(REALM)).toEqual([ANN_BASIC]);
    expect(network.authorizations(REGISTRY)).toEqual(['-', 'Bearer good']);
  });

  it('go where the request itself is refused though the ping let everybody in', async () => {
    const { repository, network } = scripted(
      { [ANN_TOKEN]: { json: { token: 't1' } }, [TAGS]: guarded('Bearer t1') },
      { auth: ANN },
    );
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.log).toEqual([PING, TAGS, ANN_TOKEN, TAGS]);
  });

  it('go to a registry that wants them', async () => {
    const { repository, network } = scripted({ [PING]: BASIC, [TAGS]: guarded(ANN_BASIC) }, { auth: ANN });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.authorizations(REGISTRY)).toEqual(['-', ANN_BASIC]);
  });

  it.each([
    [challenge('Basic realm="r"', `Bearer realm="${REALM}",service="reg"`), 'Bearer good'],
    [challenge('Bearer realm=""', 'Basic realm="r"'), ANN_BASIC],
    [challenge('Bearer realm="http://auth.registry.example/"', 'Basic realm="r"'), ANN_BASIC],
  ])('prefer a token where both are offered and a realm can be asked: %#', async (ping, sent) => {
    const { repository } = scripted(
      { [PING]: ping, [ANN_TOKEN]: { json: { token: 'good' } }, [TAGS]: guarded(sent) },
      { auth: ANN },
    );
    expect(await all(repository.tags())).toEqual(['v1']);
  });

  it.each([
    [401, 'UNAUTHENTICATED', 'unauthorized: incorrect username or password'],
    [403, 'DENIED', 'denied: incorrect username or password'],
  ])('that a token server refuses with %i', async (status, code, message) => {
    const refusal = { status, json: { details: 'incorrect username or password' } };
    const nobody = { status, json: { details: 'not for everybody' } };
    const { repository, network } = scripted(
      { [PING]: BEARER, [ANN_TOKEN]: refusal, [TOKEN]: nobody },
      { auth: ANN },
    );
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message, error.url]).toEqual([code, message, REALM]);
    expect(network.log).toEqual([PING, ANN_TOKEN, TOKEN]);
  });

  it('that a registry refuses are not tried again', async () => {
    const { repository, network } = scripted({ [PING]: BASIC, [TAGS]: BASIC }, { auth: ANN });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && error.code).toBe('UNAUTHENTICATED');
    expect(network.log).toEqual([PING, TAGS]);
  });

  it('come from a provider that is asked by host, once, and again after a refusal', async () => {
    const asked: string[] = [];
    const { repository } = scripted(
      { [PING]: BASIC, [TAGS]: [{ json: {} }, { json: {} }, BASIC, { json: {} }] },
      {
        auth: (host) => {
          asked.push(host);
          return Promise.resolve(ANN);
        },
      },
    );
    await all(repository.tags());
    await all(repository.tags());
    expect(asked).toEqual(['registry.example']);
    await rejection(all(repository.tags()));
    await all(repository.tags());
    expect(asked.length).toBe(2);
  });

  it('fail as their provider fails', async () => {
    const failure = new Error('helper is broken');
    const { repository } = scripted({ [PING]: BASIC }, { auth: () => Promise.reject(failure) });
    expect(await rejection(all(repository.tags()))).toBe(failure);
  });
});

describe('other credentials', () => {
  it('an identity token is exchanged by POST', async () => {
    const { repository, network } = scripted(
      {
        [PING]: BEARER,
        [`POST ${REALM}`]: { json: { access_token: 'good' } },
        [TAGS]: guarded('Bearer good'),
      },
      { auth: { identityToken: 'refresh+me' } },
    );
    expect(await all(repository.tags())).toEqual(['v1']);
    const [post] = network.sent.filter(({ method }) => method === 'POST');
    expect(post?.headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(post?.headers['authorization']).toBeUndefined();
    expect([...new URLSearchParams(post?.body)]).toEqual([
      ['client_id', 'stowage'],
      ['grant_type', 'refresh_token'],
      ['refresh_token', 'refresh+me'],
      ['scope', 'repository:team/app:pull'],
      ['service', 'reg'],
    ]);
  });

  it('a registry token is sent as it is, to a registry that takes tokens', async () => {
    const auth = { registryToken: 'mine' };
    const taken = scripted({ [PING]: BEARER, [TAGS]: guarded('Bearer mine') }, { auth });
    expect(await all(taken.repository.tags())).toEqual(['v1']);
    expect(taken.network.log).toEqual([PING, TAGS]);
    const other = scripted({ [PING]: BASIC, [TAGS]: BASIC }, { auth });
    await rejection(all(other.repository.tags()));
    expect(other.network.log).toEqual([PING, TAGS, TAGS]);
    expect(other.network.authorizations(REGISTRY).every((value) => value === '-')).toBe(true);
  });
});

describe('tokens', () => {
  it('are asked for with the actions that are wanted, and what the realm has in its query already', async () => {
    const refusal = challenge('Bearer realm="https://auth.registry.example/token?z=1"');
    const url = 'GET https://auth.registry.example/token?scope=repository%3Ateam%2Fapp%3Apush%2Cpull&z=1';
    const { repository } = scripted(
      { [url]: { json: { token: 't1' } }, [TAGS]: guarded('Bearer t1', refusal) },
      { actions: ['pull', 'push'] },
    );
    expect(await all(repository.tags())).toEqual(['v1']);
  });

  it('are kept, and renewed before they expire', async () => {
    const { repository, network, clock } = scripted({
      [TOKEN]: [{ json: { token: 't1', expires_in: 300 } }, { json: { token: 't2', expires_in: 300 } }],
      [TAGS]: guarded(['Bearer t1', 'Bearer t2']),
    });
    const tokensAsked = (): number => network.log.filter((line) => line === TOKEN).length;
    await all(repository.tags());
    clock.advance(269_000);
    await all(repository.tags());
    expect(tokensAsked()).toBe(1);
    clock.advance(2_000);
    await all(repository.tags());
    expect(tokensAsked()).toBe(2);
  });

  it.each<[string, Record<string, unknown>, number]>([
    ['no life said', {}, 60],
    ['a short life', { expires_in: 5 }, 60],
    ['a negative life', { expires_in: -1 }, 60],
    ['nonsense', { expires_in: 'NaN' }, 60],
    ['a life in words', { expires_in: '1e9' }, 86_400],
    ['a life without end', { expires_in: 2 ** 63 }, 86_400],
    ['issued a while ago', { expires_in: 300, issued_at: '2025-12-31T23:59:00Z' }, 240],
    ['issued long ago by a clock that is off', { expires_in: 300, issued_at: '2025-12-31T20:00:00Z' }, 300],
    [
      'issued in the future by a clock that is off',
      { expires_in: 300, issued_at: '2026-01-01T09:00:00Z' },
      300,
    ],
  ])('live as long as is reasonable: %s', async (_name, reply, seconds) => {
    const { repository, network, clock } = scripted({
      [TOKEN]: { json: { token: 't1', ...reply } },
      [TAGS]: guarded('Bearer t1'),
    });
    await all(repository.tags());
    const skew = Math.min(30, seconds / 10) + 10;
    clock.advance((seconds - skew) * 1000);
    await all(repository.tags());
    expect(network.log.filter((line) => line === TOKEN).length).toBe(1);
    clock.advance(skew * 1000);
    await all(repository.tags());
    expect(network.log.filter((line) => line === TOKEN).length).toBe(2);
  });

  it('are renewed once when the registry refuses one, and not twice', async () => {
    const renewed: Script = {
      [PING]: BEARER,
      [TOKEN]: [{ json: { token: 'old' } }, { json: { token: 'new' } }],
      [ANN_TOKEN]: [{ json: { token: 'old' } }, { json: { token: 'new' } }],
      [TAGS]: guarded('Bearer new'),
    };
    const bad = { json: { token: 'bad' } };
    const never: Script = { [PING]: BEARER, [TOKEN]: bad, [ANN_TOKEN]: bad, [TAGS]: BEARER };
    for (const [init, log] of [
      [{}, [TAGS, TOKEN, TAGS, TOKEN, TAGS]],
      [{ auth: ANN }, [PING, ANN_TOKEN, TAGS, ANN_TOKEN, TAGS]],
    ] as const) {
      const lucky = scripted(renewed, init);
      expect(await all(lucky.repository.tags())).toEqual(['v1']);
      expect(lucky.network.log).toEqual(log);
      const unlucky = scripted(never, init);
      const error = await rejection(all(unlucky.repository.tags()));
      expect(isRegistryError(error) && error.code).toBe('UNAUTHENTICATED');
      expect(unlucky.network.log).toEqual(log);
    }
  });

  it('are renewed when one from another repository is no good any more', async () => {
    const network = new ScriptedFetch({
      [TOKEN]: [{ json: { token: 'old' } }, { json: { token: 'new' } }],
      [TAGS]: [BEARER, { json: {} }, BEARER, BEARER, { json: { tags: ['v1'] } }],
    });
    const clock = new TestClock();
    const tokens = createTokenCache({ clock });
    const base = { endpoint: endpointOf(REGISTRY), name: 'team/app', fetch: network.fetch, clock, tokens };
    await all(createRepository(base).tags());
    expect(await all(createRepository(base).tags())).toEqual(['v1']);
    expect(network.authorizations(TAGS_URL)).toEqual(['-', 'Bearer old', '-', 'Bearer old', 'Bearer new']);
  });

  it('are shared by repositories and callers, but not between users', async () => {
    const network = new ScriptedFetch({
      [PING]: BEARER,
      [TOKEN]: { json: { token: 't1' } },
      [ANN_TOKEN]: { json: { token: 't2' } },
      [TAGS]: guarded(['Bearer t1', 'Bearer t2']),
    });
    const clock = new TestClock();
    const tokens = createTokenCache({ clock });
    const base = { endpoint: endpointOf(REGISTRY), name: 'team/app', fetch: network.fetch, clock, tokens };
    const repositories = Array.from({ length: 10 }, () => createRepository(base));
    const first = repositories[0] ?? createRepository(base);
    await Promise.all([...repositories, first, first].map((repository) => all(repository.tags())));
    expect(network.log.filter((line) => line === TOKEN).length).toBe(1);
    expect(network.log.length).toBe(1 + 2 * 12);
    await all(createRepository({ ...base, auth: ANN }).tags());
    expect(network.log.slice(25)).toEqual([PING, ANN_TOKEN, TAGS]);
    expect(network.sent.at(-1)?.headers['authorization']).toBe('Bearer t2');
  });

  it.each<[Reply, string]>([
    [{ json: {} }, 'authorization server did not include a token in the response'],
    [{ json: { token: 1 } }, 'authorization server did not include a token in the response'],
    [{ json: null }, 'authorization server did not include a token in the response'],
    [{ json: { token: 'a b' } }, 'authorization server sent a malformed token'],
    [{ body: '<html>' }, 'unable to decode token response'],
  ])('that are none: %#', async (reply, message) => {
    const { repository } = scripted({ [TAGS]: BEARER, [TOKEN]: reply });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && error.code).toBe('REGISTRY');
    expect((error as Error).message).toContain(message);
  });

  it('are waited for 15 s', async () => {
    const script: Script = { [TAGS]: BEARER, [TOKEN]: { hangs: true } };
    const { repository } = scripted(script, { clock: new TestClock({ limitsExpire: true }) });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message, error.retryable]).toEqual([
      'TIMEOUT',
      `Get "${REALM}": no answer within 15 s`,
      true,
    ]);
  });

  it('are asked for again when the token server is busy', async () => {
    const busy = { status: 503, headers: { 'retry-after': '3' } };
    const { repository, clock } = scripted({
      [TOKEN]: [busy, busy, { json: { token: 't1' } }],
      [TAGS]: guarded('Bearer t1'),
    });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(clock.slept).toEqual([3_000, 3_000]);
  });

  it('come for the others when one caller gives up', async () => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    let ask: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      ask = resolve;
    });
    const network = new ScriptedFetch({
      [TOKEN]: { json: { token: 't1' } },
      [TAGS]: guarded('Bearer t1'),
    });
    const repository = createRepository({
      endpoint: endpointOf(REGISTRY),
      name: 'team/app',
      clock: new TestClock(),
      fetch: async (url, init) => {
        if (url.startsWith(REALM)) {
          ask();
          await answered;
        }
        return await network.fetch(url, init);
      },
    });
    const leaver = new AbortController();
    const left = rejection(all(repository.tags({ signal: leaver.signal })));
    const stayed = all(repository.tags());
    await asked;
    // The other caller comes to wait for the same token meanwhile.
    await new Promise((resolve) => setTimeout(resolve));
    leaver.abort('gone');
    expect(await left).toBe('gone');
    answer();
    expect(await stayed).toEqual(['v1']);
    expect(network.log).toEqual([TAGS, TAGS, TOKEN, TAGS]);
  });
});

describe('credentials that are withheld', () => {
  it('from a realm that does not belong to the registry, in words that name the option', async () => {
    const elsewhere = challenge('Bearer realm="https://auth.evil.test/token",service="reg"');
    const { repository, network } = scripted({ [PING]: elsewhere }, { auth: ANN });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.reason]).toEqual(['UNAUTHENTICATED', 'realm']);
    expect((error as Error).message).toContain("put 'auth.evil.test' into trustedRealms");
    expect(network.log).toEqual([PING]);
  });

  it('in favour of a password, which stays with the registry, where that will do', async () => {
    const both = challenge('Bearer realm="https://auth.evil.test/token"', 'Basic realm="r"');
    const { repository, network } = scripted({ [PING]: both, [TAGS]: guarded(ANN_BASIC) }, { auth: ANN });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.log).toEqual([PING, TAGS]);
  });

  it('but such a realm is asked by who has none', async () => {
    const elsewhere = challenge('Bearer realm="https://auth.evil.test/token",service="reg"');
    const url = `GET https://auth.evil.test/token?${SCOPE}&service=reg`;
    const denied = { status: 403, json: { errors: [{ code: 'DENIED', message: 'private' }] } };
    const { repository, network } = scripted({
      [url]: { json: { token: 'public' } },
      [TAGS]: [elsewhere, denied],
    });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.reason]).toEqual(['DENIED', undefined]);
    expect(network.log).toEqual([TAGS, url, TAGS]);
  });

  it('but not from one that the caller trusts', async () => {
    const elsewhere = challenge('Bearer realm="https://gitlab.test/jwt",service="reg"');
    const url = `GET https://gitlab.test/jwt?account=ann&${SCOPE}&service=reg`;
    const script: Script = {
      [PING]: elsewhere,
      [url]: { json: { token: 'good' } },
      [TAGS]: guarded('Bearer good'),
    };
    const { repository, network } = scripted(script, { auth: ANN, trustedRealms: ['gitlab.test'] });
    expect(await all(repository.tags())).toEqual(['v1']);
    expect(network.authorizations('https://gitlab.test')).toEqual([ANN_BASIC]);
  });

  it('from plain http, unless the registry is listed as insecure or is this machine', async () => {
    const attempt = async (url: string, insecure: boolean): Promise<string[]> => {
      const network = new ScriptedFetch({
        [`GET ${url}/v2/`]: BASIC,
        [`GET ${url}/v2/team/app/tags/list`]: { json: {} },
      });
      const endpoint = endpointOf(url, { insecure });
      const repository = createRepository({ endpoint, name: 'team/app', fetch: network.fetch, auth: ANN });
      await all(repository.tags()).catch(() => undefined);
      return network.authorizations(url);
    };
    expect(await attempt('http://plain.example', false)).toEqual(['-']);
    expect(await attempt('http://plain.example', true)).toEqual(['-', ANN_BASIC]);
    expect(await attempt('http://localhost:5000', false)).toEqual(['-', ANN_BASIC]);
  });
});
