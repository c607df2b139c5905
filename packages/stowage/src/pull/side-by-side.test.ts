import { describe, expect, it } from 'vitest';
import { sideBySide } from './side-by-side.ts';

describe('sideBySide', () => {
  it('does so many at a time, each with a signal of its own', async () => {
    let running = 0;
    let most = 0;
    const signals = new Set<AbortSignal>();
    const done: number[] = [];
    await sideBySide([1, 2, 3, 4, 5], 2, async (thing, signal) => {
      signals.add(signal);
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      done.push(thing);
    });
    expect([most, done, signals.size]).toEqual([2, [1, 2, 3, 4, 5], 5]);
  });

  it('ends with the first failure, once nothing runs any more', async () => {
    const failure = new Error('first');
    let ended = false;
    const work = async (thing: number, signal: AbortSignal): Promise<void> => {
      if (thing === 1) throw failure;
      await new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          ended = true;
          resolve();
        });
      });
    };
    await expect(sideBySide([0, 1, 2], 2, work)).rejects.toBe(failure);
    expect(ended).toBe(true);
  });

  it('begins nothing when it is aborted', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    const work = (): Promise<void> => Promise.reject(new Error('begun'));
    await expect(sideBySide([1], 1, work, { signal })).rejects.toThrow('enough');
  });
});
