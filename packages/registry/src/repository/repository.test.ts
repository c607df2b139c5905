import { isRegistryError, isStowageError } from '@stowage/types';
import { describe, expect, it, vi } from 'vitest';
import { createRepository } from './repository.ts';
import { challenge } from '../test-support/authorizing.ts';
import { all, endpointOf, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

const PING = `GET ${REGISTRY}/v2/`;
const TAGS = `GET ${REGISTRY}/v2/team/app/tags/list`;
const EMPTY = { json: { tags: [] } };
const ANN = { auth: { username: 'ann', password: 'secret' } };

function codeOf(make: () => unknown): string | undefined {
  try {
    make();
  } catch (error) {
    return isStowageError(error) ? error.code : 'other';
  }
  return undefined;
}

describe('createRepository', () => {
  it.each(['a', 'library/busybox', 'localhost', 'a/b/c', 'a__b/c-d.e', 'a'.repeat(238)])(
    'takes the name %s',
    (name) => {
      expect(createRepository({ endpoint: endpointOf(REGISTRY), name }).name).toBe(name);
    },
  );

  it.each([
    '',
    'A',
    'a:b',
    'a@b',
    '../a',
    'a//b',
    '/a',
    'a/',
    'a?b',
    'a%2fb',
    'localhost:5000/a',
    'a'.repeat(256),
  ])('refuses the name %j', (name) => {
    expect(codeOf(() => createRepository({ endpoint: endpointOf(REGISTRY), name }))).toBe(
      'INVALID_REFERENCE',
    );
  });

  it.each([
    '',
    'registry.example',
    'ftp://a',
    'https://a/v2',
    'https://a?b',
    'https://a#b',
    'https://user@a',
    'https://',
  ])('refuses the endpoint %j', (url) => {
    expect(codeOf(() => createRepository({ endpoint: endpointOf(url), name: 'a' }))).toBe('INVALID_ARGUMENT');
  });
});

describe('the ping', () => {
  it('is not sent without credentials', async () => {
    const { repository, network } = scripted({ [TAGS]: EMPTY });
    await Promise.all(Array.from({ length: 3 }, () => all(repository.tags())));
    await all(repository.tags());
    expect(network.log).toEqual([TAGS, TAGS, TAGS, TAGS]);
  });

  it.each([ANN, { auth: () => Promise.resolve(ANN.auth) }])(
    'is sent with some, however they are found: %#',
    async (init) => {
      const { repository, network } = scripted({ [TAGS]: EMPTY }, init);
      await all(repository.tags());
      expect(network.log).toEqual([PING, TAGS]);
    },
  );

  it('is not sent where none are found, and they are looked for once', async () => {
    const auth = vi.fn(() => Promise.resolve(undefined));
    const { repository, network } = scripted({ [TAGS]: EMPTY }, { auth });
    await all(repository.tags());
    await all(repository.tags());
    expect(network.log).toEqual([TAGS, TAGS]);
    expect(auth).toHaveBeenCalledTimes(1);
  });

  it('tells nothing of a search for some that fails, as long as nobody asks for them', async () => {
    const reason = new Error('no helper');
    const auth = (): Promise<undefined> => Promise.reject(reason);
    const { repository, network } = scripted({ [TAGS]: EMPTY }, { auth });
    expect(await all(repository.tags())).toEqual([]);
    expect(network.log).toEqual([PING, TAGS]);
    const guarded = scripted({ [TAGS]: challenge('Basic realm="r"') }, { auth });
    await expect(all(guarded.repository.tags())).rejects.toBe(reason);
  });

  it('ends with the reason of an abort while they are looked for', async () => {
    const stop = new AbortController();
    const auth = (): Promise<undefined> => {
      stop.abort(new Error('enough'));
      return new Promise(() => undefined);
    };
    const { repository, network } = scripted({ [TAGS]: EMPTY }, { auth });
    await expect(all(repository.tags({ signal: stop.signal }))).rejects.toThrow('enough');
    expect(network.log).toEqual([]);
  });

  it('is sent once, before the first request, for all who come at once', async () => {
    const { repository, network } = scripted({ [TAGS]: EMPTY }, ANN);
    expect(network.log).toEqual([]);
    await Promise.all(Array.from({ length: 5 }, () => all(repository.tags())));
    await all(repository.tags());
    expect(network.log.filter((line) => line === PING).length).toBe(1);
    expect(network.log[0]).toBe(PING);
  });

  it.each([200, 404, 429, 500])('may be answered with %i', async (status) => {
    const { repository, clock } = scripted({ [PING]: { status }, [TAGS]: EMPTY }, ANN);
    expect(await all(repository.tags())).toEqual([]);
    expect(clock.slept).toEqual([]);
  });

  it('is sent again when it got no answer', async () => {
    const { repository, network } = scripted(
      { [PING]: [{ error: new Error('offline') }, {}], [TAGS]: EMPTY },
      ANN,
    );
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message]).toEqual([
      'UNAVAILABLE',
      `Get "${REGISTRY}/v2/": offline`,
    ]);
    expect(await all(repository.tags())).toEqual([]);
    expect(network.log).toEqual([PING, PING, TAGS]);
  });

  it('is waited for 15 s', async () => {
    const clock = new TestClock({ limitsExpire: true });
    const { repository } = scripted({ [PING]: { hangs: true } }, { ...ANN, clock });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.message, error.retryable]).toEqual([
      'TIMEOUT',
      `Get "${REGISTRY}/v2/": no answer within 15 s`,
      true,
    ]);
  });

  it('goes on for the others when one caller gives up', async () => {
    const { repository, network } = scripted({ [TAGS]: EMPTY }, ANN);
    const leaver = new AbortController();
    const left = rejection(all(repository.tags({ signal: leaver.signal })));
    const stayed = all(repository.tags());
    leaver.abort('gone');
    expect([await left, await stayed]).toEqual(['gone', []]);
    expect(network.log).toEqual([PING, TAGS]);
  });

  it('teaches nothing when another origin answered', async () => {
    const { repository, network } = scripted(
      {
        [PING]: { status: 307, headers: { location: 'https://evil.test/v2/' } },
        'GET https://evil.test/v2/': { status: 401, headers: { 'www-authenticate': 'Basic realm="x"' } },
        [TAGS]: EMPTY,
      },
      ANN,
    );
    expect(await all(repository.tags())).toEqual([]);
    expect(network.authorizations('https://')).toEqual(['-', '-', '-']);
  });
});

describe('retries', () => {
  const reset = { error: Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }) };

  it.each([408, 429, 500, 502, 503, 504])('follow %i, as long after as the server said', async (status) => {
    const busy = { status, headers: { 'retry-after': '5' } };
    const { repository, clock } = scripted({ [TAGS]: [busy, busy, EMPTY] });
    expect(await all(repository.tags())).toEqual([]);
    expect(clock.slept).toEqual([5_000, 5_000]);
  });

  it('follow a reset', async () => {
    const { repository, clock } = scripted({ [TAGS]: [reset, reset, EMPTY] });
    expect(await all(repository.tags())).toEqual([]);
    expect(clock.slept).toEqual([500, 1_000]);
  });

  it('follow a reset of the ping too', async () => {
    const script = { [PING]: [reset, {}], [TAGS]: [reset, reset, EMPTY] };
    const { repository, clock } = scripted(script, ANN);
    expect(await all(repository.tags())).toEqual([]);
    expect(clock.slept).toEqual([500, 500, 1_000]);
  });

  it('end after three attempts', async () => {
    const { repository, network } = scripted({ [TAGS]: { status: 503 } });
    const error = await rejection(all(repository.tags()));
    expect(isRegistryError(error) && [error.code, error.retryable, error.status]).toEqual([
      'UNAVAILABLE',
      true,
      503,
    ]);
    expect(network.log).toEqual([TAGS, TAGS, TAGS]);
  });

  it.each([400, 401, 403, 404])('do not follow %i', async (status) => {
    const { repository, network } = scripted({ [TAGS]: { status } });
    expect(isRegistryError(await rejection(all(repository.tags())))).toBe(true);
    expect(network.log).toEqual([TAGS]);
  });
});
