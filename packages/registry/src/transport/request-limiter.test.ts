import { isStowageError } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createRequestLimiter } from './request-limiter.ts';
import { rejection } from '../test-support/fixtures.ts';
import { TestClock } from '../test-support/scripted-fetch.ts';

/** Whether a promise has resolved by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  await new Promise((resolve) => setTimeout(resolve));
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('createRequestLimiter', () => {
  it('lets as many through as may be under way at once, in order', async () => {
    const limiter = createRequestLimiter({ concurrency: 2 });
    const first = await limiter.acquire('a');
    await limiter.acquire('a');
    const third = limiter.acquire('a');
    const fourth = limiter.acquire('a');
    expect([await isSettled(third), await isSettled(limiter.acquire('b'))]).toEqual([false, true]);
    first();
    first();
    expect([await isSettled(third), await isSettled(fourth)]).toEqual([true, false]);
    (await third)();
    expect(await isSettled(fourth)).toBe(true);
  });

  it('forgets who gives up while waiting', async () => {
    const limiter = createRequestLimiter({ concurrency: 1 });
    const done = await limiter.acquire('a');
    const controller = new AbortController();
    const left = rejection(limiter.acquire('a', { signal: controller.signal }));
    const stayed = limiter.acquire('a');
    controller.abort('gone');
    expect(await left).toBe('gone');
    done();
    expect(await isSettled(stayed)).toBe(true);
    expect(await rejection(limiter.acquire('a', { signal: controller.signal }))).toBe('gone');
  });

  it('spaces requests out, for each host', async () => {
    const clock = new TestClock();
    const limiter = createRequestLimiter({ requestsPerSecond: 4, clock });
    for (let count = 0; count < 3; count++) await limiter.acquire('a');
    await limiter.acquire('b');
    expect(clock.slept).toEqual([250, 250]);
    clock.advance(10_000);
    await limiter.acquire('a');
    expect(clock.slept.length).toBe(2);
  });

  it('makes room when a wait for the rate is given up', async () => {
    const clock = new TestClock();
    const limiter = createRequestLimiter({ concurrency: 1, requestsPerSecond: 1, clock });
    (await limiter.acquire('a'))();
    const controller = new AbortController();
    const sleep = clock.sleep.bind(clock);
    clock.sleep = async (milliseconds, options) => {
      controller.abort('gone');
      await sleep(milliseconds, options);
    };
    expect(await rejection(limiter.acquire('a', { signal: controller.signal }))).toBe('gone');
    clock.sleep = sleep;
    expect(await isSettled(limiter.acquire('a'))).toBe(true);
  });

  it.each([{ concurrency: 0 }, { concurrency: NaN }, { requestsPerSecond: 0 }, { requestsPerSecond: -1 }])(
    'refuses %j',
    (init) => {
      let error: unknown;
      try {
        createRequestLimiter(init);
      } catch (caught) {
        error = caught;
      }
      expect(isStowageError(error, 'INVALID_ARGUMENT')).toBe(true);
    },
  );
});
