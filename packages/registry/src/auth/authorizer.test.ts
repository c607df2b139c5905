import { isRegistryError, MEDIA_TYPES } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  PING,
  TAGS_URL,
  TAGS,
  REALM,
  SCOPE,
  TOKEN,
  ANN,
  ANN_TOKEN,
  ANN_BASIC,
  challenge,
  BEARER,
  BASIC,
  guarded,
} from '../test-support/authorizing.ts';
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
