import { RegistryError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from './retry.ts';
import { rejection } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';
import { stalled } from './timeout.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');

function reset(): RegistryError {
  return new RegistryError('UNAVAILABLE', 'reset', { method: 'GET', url: 'https://a', reason: 'reset' });
}

describe('withRetries', () => {
  it('waits half a second, then a whole one, less up to half by chance', async () => {
    for (const [random, slept] of [
      [1, [500, 1000]],
      [0, [250, 500]],
    ] as const) {
      const clock = new TestClock();
      const outcome = await withRetries(
        { clock, random: () => random },
        (mayWait) => Promise.resolve(mayWait() ? new TryAgain(undefined) : 'done'),
        {},
      );
      expect([outcome, clock.slept]).toEqual(['done', slept]);
    }
  });

  it('waits as long as the server said, a minute at most', async () => {
    const clock = new TestClock();
    const delays = [7_000, Infinity];
    await withRetries(
      { clock, random: () => 1 },
      (mayWait) => Promise.resolve(mayWait() ? new TryAgain(delays.shift()) : 'done'),
      {},
    );
    expect(clock.slept).toEqual([7_000, 60_000]);
  });

  it('tries again when the connection broke, three times in all', async () => {
    const clock = new TestClock();
    let tries = 0;
    const error = await rejection(
      withRetries({ clock, random: () => 1 }, () => Promise.reject(((tries += 1), reset())), {}),
    );
    expect([(error as Error).message, tries]).toEqual(['reset', 3]);
  });

  it('tries again when nothing came any more', async () => {
    const clock = new TestClock();
    let tries = 0;
    const attempt = (): Promise<string> => {
      tries += 1;
      return tries === 1
        ? Promise.reject(stalled({ method: 'GET', url: 'https://a' }, 60))
        : Promise.resolve('done');
    };
    expect(await withRetries({ clock, random: () => 0 }, attempt, {})).toBe('done');
    expect(clock.slept).toEqual([250]);
  });

  it('does what it is told about attempts and delays', async () => {
    const clock = new TestClock();
    const retry = { attempts: 5, firstDelay: 10, longestDelay: 25 };
    let tries = 0;
    await withRetries(
      { clock, random: () => 1, retry },
      (mayWait) => Promise.resolve(((tries += 1), mayWait() ? new TryAgain(undefined) : 'done')),
      {},
    );
    expect([tries, clock.slept]).toEqual([5, [10, 20, 25, 25]]);
  });

  it('does not wait beyond the deadline', async () => {
    const clock = new TestClock();
    const retry = { deadline: 10_000 };
    const asked: boolean[] = [];
    const attempt = (mayWait: (delay?: number) => boolean): Promise<string | TryAgain> => {
      asked.push(mayWait(6_000));
      return Promise.resolve(mayWait(6_000) ? new TryAgain(6_000) : 'given up');
    };
    expect(await withRetries({ clock, random: () => 1, retry }, attempt, {})).toBe('given up');
    expect([asked, clock.slept]).toEqual([[true, false], [6_000]]);
  });

  it('sends what can be sent once only once', async () => {
    const clock = new TestClock();
    let tries = 0;
    const attempt = (): Promise<never> => Promise.reject(((tries += 1), reset()));
    const options = { replayable: false };
    await rejection(withRetries({ clock, random: () => 1 }, attempt, options));
    expect([tries, clock.slept]).toEqual([1, []]);
  });

  it('does not try again after other failures', async () => {
    const clock = new TestClock();
    const failure = new Error('other');
    expect(await rejection(withRetries({ clock, random: () => 1 }, () => Promise.reject(failure), {}))).toBe(
      failure,
    );
    expect(clock.slept).toEqual([]);
  });

  it('stops waiting when aborted', async () => {
    const controller = new AbortController();
    const attempt = (): Promise<TryAgain> => {
      controller.abort('enough');
      return Promise.resolve(new TryAgain(undefined));
    };
    const { signal } = controller;
    expect(
      await rejection(withRetries({ clock: new TestClock(), random: () => 1 }, attempt, { signal })),
    ).toBe('enough');
  });
});

describe('retryAfter', () => {
  it.each<[string | null, number | undefined]>([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['9223372036854775807', 2 ** 63 * 1000],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
    ['-1', undefined],
    ['1e9', undefined],
    ['NaN', undefined],
    ['1.5', undefined],
    ['soon', undefined],
    ['Xxx, nonsense GMT', undefined],
    ['', undefined],
    [null, undefined],
  ])('reads %j', (value, expected) => {
    expect(retryAfter(value, NOW)).toBe(expected);
  });
});

describe('isRetryableStatus', () => {
  it('is for trouble that passes', () => {
    expect(
      [200, 301, 400, 401, 403, 404, 408, 416, 429, 500, 502, 503, 504].filter(isRetryableStatus),
    ).toEqual([408, 429, 500, 502, 503, 504]);
  });
});
