import { describe, expect, it } from 'vitest';
import { withLock } from './with-lock.ts';

/** A storage with one lock, and what happened to it. */
function lockable(): { log: string[]; lock: (name: string) => Promise<AsyncDisposable> } {
  const log: string[] = [];
  return {
    log,
    lock: (name) => {
      log.push(`lock ${name}`);
      return Promise.resolve({
        [Symbol.asyncDispose]: () => {
          log.push(`unlock ${name}`);
          return Promise.resolve();
        },
      });
    },
  };
}

describe('withLock', () => {
  it('holds the lock while the work runs and answers its result', async () => {
    const storage = lockable();
    const result = await withLock(storage, 'index', () => {
      storage.log.push('work');
      return Promise.resolve(7);
    });
    expect([result, storage.log]).toEqual([7, ['lock index', 'work', 'unlock index']]);
  });

  it('lets go when the work fails', async () => {
    const storage = lockable();
    const failure = new Error('no');
    await expect(withLock(storage, 'index', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(storage.log).toEqual(['lock index', 'unlock index']);
  });

  it('does not begin without the lock', async () => {
    const failure = new Error('busy');
    let begun = false;
    const work = (): Promise<void> => {
      begun = true;
      return Promise.resolve();
    };
    await expect(withLock({ lock: () => Promise.reject(failure) }, 'index', work)).rejects.toBe(failure);
    expect(begun).toBe(false);
  });
});
