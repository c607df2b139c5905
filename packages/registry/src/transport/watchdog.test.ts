import type { Clock } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { Watchdog } from './watchdog.ts';

/** A clock whose sleeps end when time is made to pass. */
class ManualClock implements Clock {
  #now = 0;
  #sleepers: { readonly at: number; readonly wake: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  get sleeping(): number {
    return this.#sleepers.length;
  }

  async sleep(
    milliseconds: number,
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#sleepers = this.#sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      const wake = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const sleeper = { at: this.#now + milliseconds, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener('abort', onAbort);
    });
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      const next = this.#sleepers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#now = next.at;
      this.#sleepers = this.#sleepers.filter((other) => other !== next);
      next.wake();
      await new Promise((resolve) => setTimeout(resolve));
    }
    this.#now = end;
  }
}

describe('Watchdog', () => {
  it('notices what does not come, and not what comes in time', async () => {
    const clock = new ManualClock();
    const watchdog = new Watchdog(clock, 60_000);
    const expired: string[] = [];
    const slow = watchdog.watch(() => expired.push('slow'));
    const quick = watchdog.watch(() => expired.push('quick'));
    const idle = watchdog.watch(() => expired.push('idle'));
    slow.wait();
    for (let count = 0; count < 3; count++) {
      quick.wait();
      await clock.pass(15_000);
      quick.rest();
    }
    expect(expired).toEqual([]);
    await clock.pass(30_000);
    expect(expired).toEqual(['slow']);
    await clock.pass(120_000);
    expect(expired).toEqual(['slow']);
    for (const watched of [slow, quick, idle]) watched.end();
  });

  it('has one timer for all, and none when nobody is watched any more', async () => {
    const clock = new ManualClock();
    const watchdog = new Watchdog(clock, 60_000);
    const watched = Array.from({ length: 5 }, () => watchdog.watch(() => undefined));
    expect(clock.sleeping).toBe(1);
    for (const one of watched) one.end();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(clock.sleeping).toBe(0);
    watchdog.watch(() => undefined).end();
    const again = watchdog.watch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(clock.sleeping).toBe(1);
    again.end();
  });

  it('waits longer for what is known to take longer', async () => {
    const clock = new ManualClock();
    const expired: string[] = [];
    const watched = new Watchdog(clock, 60_000).watch(() => expired.push('gone'));
    watched.wait(100_000);
    await clock.pass(150_000);
    expect(expired).toEqual([]);
    await clock.pass(30_000);
    expect(expired).toEqual(['gone']);
    watched.end();
  });
});
