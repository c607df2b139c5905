import { discardProgress, isStowageError } from '@stowage/types';
import type { ProgressOutput } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ScriptedJob } from '../test-support/scripted-job.ts';
import { turns } from '../test-support/turns.ts';
import { createTransferManager } from './transfer-manager.ts';

function listener(): { readonly seen: string[]; readonly output: ProgressOutput } {
  const seen: string[] = [];
  return {
    seen,
    output: ({ action = '', current }) => seen.push(current === undefined ? action : `${action} ${current}`),
  };
}

describe('one transfer for all', () => {
  it('runs the work once and gives everybody its result', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const first = manager.transfer('key', job.run, discardProgress);
    const second = manager.transfer('key', job.run, discardProgress);
    expect(second.transfer).toBe(first.transfer);
    expect(job.runs).toBe(0);
    await turns();
    expect(job.runs).toBe(1);
    job.finish('bytes');
    expect(await Promise.all([first.watcher.done, second.watcher.done])).toEqual(['bytes', 'bytes']);
  });

  it('starts anew once the work has ended', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const first = manager.transfer('key', job.run, discardProgress);
    await turns();
    job.finish('one');
    await first.watcher.done;
    const second = manager.transfer('key', job.run, discardProgress);
    await turns();
    job.finish('two');
    expect(await second.watcher.done).toBe('two');
    expect(job.runs).toBe(2);
  });

  it('fails everybody with the same error, even that of a job that throws at once', async () => {
    const manager = createTransferManager();
    const error = new Error('no');
    const job = (): Promise<string> => {
      throw error;
    };
    const first = manager.transfer('key', job, discardProgress);
    const second = manager.transfer('key', job, discardProgress);
    await expect(first.watcher.done).rejects.toBe(error);
    await expect(second.watcher.done).rejects.toBe(error);
  });

  it('refuses a limit that is no whole number', () => {
    for (const concurrency of [-1, 1.5, Number.NaN]) {
      expect(() => createTransferManager({ concurrency })).toThrow(/concurrency/);
      expect(() => {
        createTransferManager().setConcurrency(concurrency);
      }).toThrow(expect.toSatisfy((error) => isStowageError(error, 'INVALID_ARGUMENT')));
    }
  });
});

describe('watchers', () => {
  it('goes on while one of ten still watches, and is aborted when the last one leaves', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const watchers = Array.from(
      { length: 10 },
      () => manager.transfer('key', job.run, discardProgress).watcher,
    );
    await turns();
    for (const watcher of watchers.slice(1)) await watcher.release();
    expect(job.context?.signal.aborted).toBe(false);
    const last = watchers[0];
    const released = last?.release();
    expect(job.context?.signal.aborted).toBe(true);
    await released;
    await expect(last?.done).rejects.toMatchObject({ name: 'AbortError', message: 'transfer cancelled' });
  });

  it('counts a watcher that leaves twice only once', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const { watcher } = manager.transfer('key', job.run, discardProgress);
    manager.transfer('key', job.run, discardProgress);
    await turns();
    await watcher.release();
    await watcher.release();
    expect(job.context?.signal.aborted).toBe(false);
  });

  it('does not abort what has ended', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const { transfer, watcher } = manager.transfer('key', job.run, discardProgress);
    await turns();
    job.finish('bytes');
    await watcher.done;
    await watcher.release();
    await transfer.released;
    expect(transfer.signal.aborted).toBe(false);
  });

  it('disposes the value when the last one leaves, and tells whether that worked', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const disposed: string[] = [];
    const dispose = async (value: string): Promise<void> => {
      disposed.push(value);
      await Promise.reject(new Error('cannot dispose'));
    };
    const first = manager.transfer('key', job.run, discardProgress, { dispose });
    const second = manager.transfer('key', job.run, discardProgress, { dispose });
    await turns();
    job.finish('bytes');
    await second.watcher.done;
    await first.watcher.release();
    expect(disposed).toEqual([]);
    await expect(second.watcher.release()).rejects.toThrow('cannot dispose');
    expect(disposed).toEqual(['bytes']);
  });

  it('disposes the value of a job that succeeds after its abort', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob(false);
    const disposed: string[] = [];
    const dispose = (value: string): Promise<void> => Promise.resolve(void disposed.push(value));
    const { watcher } = manager.transfer('key', job.run, discardProgress, { dispose });
    await turns();
    const released = watcher.release();
    job.finish('late');
    await released;
    expect(disposed).toEqual(['late']);
  });
});

describe('progress', () => {
  it('reaches everybody, in order, numbers merged', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const [a, b] = [listener(), listener()];
    manager.transfer('key', job.run, a.output);
    manager.transfer('key', job.run, b.output);
    await turns();
    for (let current = 1; current <= 1000; current += 1) {
      job.context?.progress({ id: 'x', action: 'Downloading', current });
    }
    job.context?.progress({ id: 'x', action: 'Verifying Checksum' });
    expect(a.seen).toEqual([]);
    await turns();
    expect(a.seen).toEqual(['Downloading 1000', 'Verifying Checksum']);
    expect(b.seen).toEqual(a.seen);
  });

  it('gives a late watcher the latest at once, and none after the end', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const { transfer, watcher } = manager.transfer('key', job.run, discardProgress);
    await turns();
    job.context?.progress({ id: 'x', action: 'Downloading', current: 1 });
    job.context?.progress({ id: 'x', action: 'Downloading', current: 2 });
    const late = listener();
    manager.transfer('key', job.run, late.output);
    await turns();
    expect(late.seen).toEqual(['Downloading 2']);

    job.finish('bytes');
    await watcher.done;
    job.context?.progress({ id: 'x', action: 'Too late' });
    const tooLate = listener();
    expect(await transfer.watch(tooLate.output).done).toBe('bytes');
    await turns();
    expect(tooLate.seen).toEqual([]);
    expect(late.seen).toEqual(['Downloading 2']);
  });

  it('arrives before the result, and before a watcher has left, but not after', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const [stays, leaves] = [listener(), listener()];
    const { watcher } = manager.transfer('key', job.run, stays.output);
    const leaving = manager.transfer('key', job.run, leaves.output).watcher;
    await turns();
    job.context?.progress({ id: 'x', action: 'Downloading' });
    const left = leaving.release();
    expect(leaves.seen).toEqual(['Downloading']);
    await left;
    job.context?.progress({ id: 'x', action: 'Download complete' });
    job.finish('bytes');
    await watcher.done;
    expect(stays.seen).toEqual(['Downloading', 'Download complete']);
    expect(leaves.seen).toEqual(['Downloading']);
  });

  it('of a listener that throws harms nobody else', async () => {
    const manager = createTransferManager();
    const job = new ScriptedJob();
    const good = listener();
    manager.transfer('key', job.run, () => {
      throw new Error('listener');
    });
    const { watcher } = manager.transfer('key', job.run, good.output);
    await turns();
    job.context?.progress({ id: 'x', action: 'Downloading' });
    await turns();
    job.context?.progress({ id: 'x', action: 'Download complete' });
    job.finish('bytes');
    expect(await watcher.done).toBe('bytes');
    expect(good.seen).toEqual(['Downloading', 'Download complete']);
  });
});
