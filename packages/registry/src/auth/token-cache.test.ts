import { describe, expect, it } from 'vitest';
import { rejection } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';
import { createTokenCache } from './token-cache.ts';
import type { BearerToken } from './token-cache.ts';

/** Issues tokens `t1`, `t2`... that live for some seconds. */
function issuer(clock: TestClock, seconds: number): () => Promise<BearerToken> {
  let count = 0;
  return () => {
    count += 1;
    const obtainedAt = clock.now();
    return Promise.resolve({
      value: `t${String(count)}`,
      obtainedAt,
      expiresAt: obtainedAt + seconds * 1000,
    });
  };
}

describe('createTokenCache', () => {
  it.each([
    [300, 270],
    [60, 54],
  ])('renews a token of %i s after %i s', async (life, renewal) => {
    const clock = new TestClock();
    const tokens = createTokenCache({ clock });
    const issue = issuer(clock, life);
    expect(await tokens.obtain('a', issue)).toBe('t1');
    clock.advance(renewal * 1000 - 1);
    expect(await tokens.obtain('a', issue)).toBe('t1');
    clock.advance(1);
    expect(await tokens.obtain('a', issue)).toBe('t2');
  });

  it('shares one request among those who ask at once, whoever of them leaves', async () => {
    const tokens = createTokenCache({ clock: new TestClock() });
    let issue: (token: BearerToken) => void = () => undefined;
    let begun = 0;
    const fetchToken = (): Promise<BearerToken> => {
      begun += 1;
      return new Promise((resolve) => {
        issue = resolve;
      });
    };
    const leaver = new AbortController();
    const left = rejection(tokens.obtain('a', fetchToken, { signal: leaver.signal }));
    const stayed = Array.from({ length: 9 }, () => tokens.obtain('a', fetchToken));
    leaver.abort('gone');
    expect(await left).toBe('gone');
    issue({ value: 't', obtainedAt: 0, expiresAt: 0 });
    expect(await Promise.all(stayed)).toEqual(Array.from({ length: 9 }, () => 't'));
    expect(begun).toBe(1);
  });

  it('drops a refused token, unless it was replaced meanwhile', async () => {
    const clock = new TestClock();
    const tokens = createTokenCache({ clock });
    const issue = issuer(clock, 300);
    await tokens.obtain('a', issue);
    tokens.reject('a', 't1');
    expect(await tokens.obtain('a', issue)).toBe('t2');
    tokens.reject('a', 't1');
    tokens.reject('b', 't2');
    expect(await tokens.obtain('a', issue)).toBe('t2');
  });

  it('does not remember failures', async () => {
    const clock = new TestClock();
    const tokens = createTokenCache({ clock });
    const failure = new Error('no token');
    expect(await rejection(tokens.obtain('a', () => Promise.reject(failure)))).toBe(failure);
    expect(await tokens.obtain('a', issuer(clock, 300))).toBe('t1');
  });

  it('keeps no more tokens than it may; the oldest go', async () => {
    const clock = new TestClock();
    const tokens = createTokenCache({ clock, maxEntries: 2 });
    const issue = issuer(clock, 300);
    for (const key of ['a', 'b', 'c']) await tokens.obtain(key, issue);
    expect([await tokens.obtain('b', issue), await tokens.obtain('c', issue)]).toEqual(['t2', 't3']);
    expect(await tokens.obtain('a', issue)).toBe('t4');
  });
});
