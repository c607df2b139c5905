import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from './system-clock.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('systemClock', () => {
  it('tells the time in milliseconds', () => {
    expect(systemClock.now()).toBe(1_000);
  });

  it('sleeps as long as told', async () => {
    const woken = vi.fn();
    const sleeping = systemClock.sleep(500).then(woken);
    await vi.advanceTimersByTimeAsync(499);
    expect(woken).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(woken).toHaveBeenCalledOnce();
    await sleeping;
  });

  it('does not wake at once from a sleep that is too long for a timer', async () => {
    const woken = vi.fn();
    void systemClock.sleep(Infinity).then(woken);
    await vi.advanceTimersByTimeAsync(1_000_000);
    expect(woken).not.toHaveBeenCalled();
  });

  it('is woken by an abort, with its reason, and leaves no timer', async () => {
    const aborted = new AbortController();
    const reason = new Error('morning');
    const sleeping = systemClock.sleep(500, { signal: aborted.signal });
    aborted.abort(reason);
    await expect(sleeping).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not fall asleep when aborted before', async () => {
    const reason = new Error('awake');
    await expect(systemClock.sleep(500, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(vi.getTimerCount()).toBe(0);
  });
});
