import { discardProgress } from '@stowage/types';
import type { Progress } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { turns } from '../test-support/turns.ts';
import { createTransferManager } from './transfer-manager.ts';
import type { TransferContext, TransferJob } from './transfer.ts';

// The situations that moby tests its transfers in, with many jobs and many watchers at once.

/** A job that counts to ten, a turn for each step, and how many of them are at it. */
function countingJobs(
  onStep: (id: string, context: TransferContext, step: number) => void = () => undefined,
) {
  const counts = { running: 0, most: 0, started: [] as string[] };
  const job = (id: string): TransferJob<string> => {
    return async (context) => {
      counts.running += 1;
      counts.most = Math.max(counts.most, counts.running);
      counts.started.push(id);
      try {
        for (let step = 0; step <= 10; step += 1) {
          context.progress({ id, action: 'testing', current: step, total: 10 });
          onStep(id, context, step);
          await Promise.resolve();
          context.signal.throwIfAborted();
        }
        return id;
      } finally {
        counts.running -= 1;
      }
    };
  };
  return { job, counts };
}

/** Remembers what it is told, by item. */
function recorder() {
  const steps = new Map<string, number[]>();
  const output = ({ id, current = -1 }: Progress): void => {
    steps.set(id, [...(steps.get(id) ?? []), current]);
  };
  return { steps, output };
}

describe('many transfers', () => {
  it('are each heard of in order, to the last step, by all who watch', async () => {
    const manager = createTransferManager({ concurrency: 5 });
    const { job } = countingJobs();
    const keys = Array.from({ length: 20 }, (_, index) => `key-${index}`);
    const recorders = Array.from({ length: 4 }, recorder);
    const watchers = keys.flatMap((key) =>
      recorders.map(({ output }) => manager.transfer(key, job(key), output).watcher),
    );
    const values = await Promise.all(watchers.map(({ done }) => done));
    expect(values).toEqual(keys.flatMap((key) => recorders.map(() => key)));
    await Promise.all(watchers.map((watcher) => watcher.release()));
    for (const { steps } of recorders) {
      expect([...steps.keys()].sort()).toEqual([...keys].sort());
      for (const [key, seen] of steps) {
        expect(seen, key).toEqual([...seen].sort((left, right) => left - right));
        // The last step comes, and comes once.
        expect(seen.filter((step) => step === 10).length, key).toBe(1);
      }
    }
  });

  it('keep to the limit, begin in turn, and are run once for each key', async () => {
    const manager = createTransferManager({ concurrency: 3 });
    const { job, counts } = countingJobs();
    const keys = Array.from({ length: 30 }, (_, index) => `key-${index % 10}`);
    const watchers = keys.map((key) => manager.transfer(key, job(key), discardProgress).watcher);
    await Promise.all(watchers.map(({ done }) => done));
    expect(counts).toEqual({ running: 0, most: 3, started: keys.slice(0, 10) });
  });

  it('that say that they are inactive make room, though they go on', async () => {
    const manager = createTransferManager({ concurrency: 3 });
    let active = 0;
    let most = 0;
    const { job, counts } = countingJobs((_id, context, step) => {
      if (step === 0) active += 1;
      most = Math.max(most, active);
      if (step !== 4) return;
      active -= 1;
      context.inactive();
    });
    const keys = Array.from({ length: 12 }, (_, index) => `key-${index}`);
    const watchers = keys.map((key) => manager.transfer(key, job(key), discardProgress).watcher);
    await Promise.all(watchers.map(({ done }) => done));
    expect(most).toBe(3);
    expect(counts.most).toBeGreaterThan(3);
  });

  it('go on while their watchers leave one after the other, until the last has left', async () => {
    const manager = createTransferManager();
    let context: TransferContext | undefined;
    const job: TransferJob<string> = (given) => {
      context = given;
      return new Promise((_resolve, reject) => {
        given.signal.addEventListener('abort', () => {
          reject(given.signal.reason as Error);
        });
      });
    };
    const recorders = Array.from({ length: 5 }, recorder);
    const all = recorders.map(({ output }) => manager.transfer('key', job, output));
    await turns();
    for (const [index, { watcher }] of all.entries()) {
      context?.progress({ id: 'a', action: 'testing', current: index });
      expect(context?.signal.aborted).toBe(false);
      await watcher.release();
    }
    expect(context?.signal.aborted).toBe(true);
    await expect(all[0]?.transfer.done).rejects.toMatchObject({ name: 'AbortError' });
    await all[0]?.transfer.released;
    context?.progress({ id: 'a', action: 'testing', current: 99 });
    await turns();
    expect(recorders.map(({ steps }) => steps.get('a'))).toEqual([
      [0],
      [0, 1],
      [0, 1, 2],
      [0, 1, 2, 3],
      [0, 1, 2, 3, 4],
    ]);
  });
});

describe('a transfer that is over', () => {
  it('can be watched, is over for who watches it, and says nothing', async () => {
    const manager = createTransferManager();
    const { job } = countingJobs();
    const { transfer, watcher } = manager.transfer('key', job('key'), discardProgress);
    await watcher.done;
    const late = recorder();
    const second = transfer.watch(late.output);
    expect(await second.done).toBe('key');
    await watcher.release();
    await second.release();
    await transfer.released;
    expect(late.steps.size).toBe(0);
  });

  it('is not released while somebody watches', async () => {
    const manager = createTransferManager();
    const { job } = countingJobs();
    const { transfer, watcher } = manager.transfer('key', job('key'), discardProgress);
    let released = false;
    void transfer.released.then(() => (released = true));
    await watcher.done;
    await turns();
    expect(released).toBe(false);
    await watcher.release();
    await turns();
    expect(released).toBe(true);
  });
});
