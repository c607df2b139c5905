import { isRegistryError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import {
  PING,
  TAGS_URL,
  TAGS,
  REALM,
  TOKEN,
  ANN,
  ANN_TOKEN,
  challenge,
  BEARER,
  guarded,
} from '../test-support/authorizing.ts';
import { all, endpointOf, REGISTRY, rejection, scripted } from '../test-support/fixtures.ts';
import { ScriptedFetch, TestClock } from '../test-support/scripted-fetch.ts';
import type { Reply, Script } from '../test-support/scripted-fetch.ts';
import { createRepository } from '../repository/repository.ts';
import { createTokenCache } from './token-cache.ts';

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
