import { discardProgress } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { ScriptedJob } from '../test-support/scripted-job.ts';
import { turns } from '../test-support/turns.ts';
import { createTransferManager } from './transfer-manager.ts';
import type { TransferManager } from './transfer-manager.ts';
import type { Transfer, Watcher } from './transfer.ts';

interface Started {
  readonly job: ScriptedJob;
  readonly transfer: Transfer<string>;
  readonly watcher: Watcher<string>;
  readonly seen: string[];
}

function start(manager: TransferManager, count: number, from = 0): readonly Started[] {
  return Array.from({ length: count }, (_, index) => {
    const job = new ScriptedJob();
    const seen: string[] = [];
    const queued = { id: String(index), action: 'Waiting' };
    return {
      job,
      seen,
      ...manager.transfer(`key-${from + index}`, job.run, ({ action = '' }) => seen.push(action), { queued }),
    };
  });
}

function running(started: readonly Started[]): string {
  return started.map(({ job }) => String(job.runs)).join('');
}

describe('slots', () => {
  it('lets three run at once unless told otherwise, the others in turn', async () => {
    const all = start(createTransferManager(), 5);
    await turns();
    expect(running(all)).toBe('11100');
    expect(all.map(({ seen }) => seen.join())).toEqual(['', '', '', 'Waiting', 'Waiting']);
    all[1]?.job.finish('');
    await turns();
    expect(running(all)).toBe('11110');
    all[0]?.job.fail(new Error('no'));
    await turns();
    expect(running(all)).toBe('11111');
  });

  it('has no limit at 0', async () => {
    const all = start(createTransferManager({ concurrency: 0 }), 50);
    await turns();
    expect(running(all)).toBe('1'.repeat(50));
  });

  it('passes a slot on when a job says that it is inactive, once', async () => {
    const all = start(createTransferManager({ concurrency: 1 }), 3);
    await turns();
    all[0]?.job.context?.inactive();
    all[0]?.job.context?.inactive();
    await turns();
    expect(running(all)).toBe('110');
    all[0]?.job.finish('');
    await turns();
    expect(running(all)).toBe('110');
    all[1]?.job.finish('');
    await turns();
    expect(running(all)).toBe('111');
  });

  it('frees its slots again', async () => {
    const manager = createTransferManager({ concurrency: 2 });
    const before = start(manager, 4);
    await turns();
    for (const { job } of [...before.slice(0, 2), ...before.slice(2)]) {
      job.finish('');
      await turns();
    }
    const after = start(manager, 3, 10);
    await turns();
    expect(running(after)).toBe('110');
  });
});

describe('cancelling', () => {
  it('in the queue ends the transfer at once, and its job never runs', async () => {
    const all = start(createTransferManager({ concurrency: 1 }), 3);
    await turns();
    const released = all[1]?.watcher.release();
    await expect(all[1]?.watcher.done).rejects.toMatchObject({ name: 'AbortError' });
    await released;
    all[0]?.job.finish('');
    await turns();
    expect(running(all)).toBe('101');
  });

  it('right after asking leaves no slot taken', async () => {
    const manager = createTransferManager({ concurrency: 1 });
    const [first] = start(manager, 1);
    await first?.watcher.release();
    const [second] = start(manager, 1, 1);
    await turns();
    expect([first?.job.runs, second?.job.runs]).toEqual([0, 1]);
  });

  it('at the moment a slot comes free passes the slot on', async () => {
    const all = start(createTransferManager({ concurrency: 1 }), 3);
    await turns();
    all[0]?.job.context?.inactive();
    await all[1]?.watcher.release();
    await turns();
    expect(running(all)).toBe('101');
  });

  it('keeps the slot until the job has wound down', async () => {
    const manager = createTransferManager({ concurrency: 1 });
    const slow = new ScriptedJob(false);
    const { watcher } = manager.transfer('slow', slow.run, discardProgress);
    const [next] = start(manager, 1);
    await turns();
    void watcher.release();
    await turns();
    expect(next?.job.runs).toBe(0);
    slow.fail(new Error('stopped'));
    await turns();
    expect(next?.job.runs).toBe(1);
  });

  it('is waited for by the next transfer of the key', async () => {
    const manager = createTransferManager();
    const [old, fresh] = [new ScriptedJob(false), new ScriptedJob()];
    const before = manager.transfer('key', old.run, discardProgress);
    await turns();
    void before.watcher.release();
    const after = manager.transfer('key', fresh.run, discardProgress);
    const joined = manager.transfer('key', fresh.run, discardProgress);
    expect(after.transfer).not.toBe(before.transfer);
    expect(joined.transfer).toBe(after.transfer);
    await turns();
    expect(fresh.runs).toBe(0);
    old.finish('old');
    await turns();
    expect(fresh.runs).toBe(1);
    fresh.finish('fresh');
    expect(await before.transfer.done).toBe('old');
    expect(await joined.watcher.done).toBe('fresh');
  });

  it('of a transfer that waits for an earlier one of its key ends it at once, and the next waits on', async () => {
    const manager = createTransferManager();
    const [first, second, third] = [new ScriptedJob(false), new ScriptedJob(), new ScriptedJob()];
    void manager.transfer('key', first.run, discardProgress).watcher.release();
    // Released in the same turn, so the first never ran; now one that does.
    const running = manager.transfer('key', first.run, discardProgress);
    await turns();
    void running.watcher.release();
    const waiting = manager.transfer('key', second.run, discardProgress);
    await turns();
    await waiting.watcher.release();
    await expect(waiting.watcher.done).rejects.toMatchObject({ name: 'AbortError' });
    const last = manager.transfer('key', third.run, discardProgress);
    await turns();
    expect([first.runs, second.runs, third.runs]).toEqual([1, 0, 0]);
    first.fail(new Error('stopped'));
    await turns();
    third.finish('third');
    expect(await last.watcher.done).toBe('third');
    expect(second.runs).toBe(0);
  });
});

describe('a transfer that was called off before its turn', () => {
  it('takes no place in the queue', async () => {
    const manager = createTransferManager({ concurrency: 1 });
    const [slow, never, fresh] = [new ScriptedJob(false), new ScriptedJob(), new ScriptedJob()];
    const before = manager.transfer('key', slow.run, discardProgress);
    const [other] = start(manager, 1);
    await turns();
    void before.watcher.release();
    void manager.transfer('key', never.run, discardProgress).watcher.release();
    manager.transfer('key', fresh.run, discardProgress);
    slow.fail(new Error('stopped'));
    await turns();
    const [late] = start(manager, 1, 10);
    other?.job.finish('');
    await turns();
    expect([never.runs, fresh.runs, late?.job.runs]).toEqual([0, 1, 0]);
  });
});

describe('setConcurrency', () => {
  it('raised, lets later transfers start and none that waits', async () => {
    const manager = createTransferManager({ concurrency: 1 });
    const early = start(manager, 3);
    await turns();
    manager.setConcurrency(2);
    await turns();
    expect(running(early)).toBe('100');
    const late = start(manager, 2, 10);
    await turns();
    expect(running(late)).toBe('10');
    expect(running(early)).toBe('100');
  });

  it('lowered, stops nobody, and the head of the queue still follows on', async () => {
    const manager = createTransferManager({ concurrency: 2 });
    const early = start(manager, 3);
    await turns();
    manager.setConcurrency(1);
    expect(early.some(({ transfer }) => transfer.signal.aborted)).toBe(false);
    early[0]?.job.finish('');
    await turns();
    expect(running(early)).toBe('111');
    early[1]?.job.finish('');
    await turns();
    const late = start(manager, 1, 10);
    await turns();
    expect(running(late)).toBe('0');
    early[2]?.job.finish('');
    await turns();
    expect(running(late)).toBe('1');
  });
});
