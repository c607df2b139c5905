import { discardProgress, isStowageError, StowageError } from '@stowage/types';
import type { LayerUpload, Progress } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { DoNotRetry } from '../retry/do-not-retry.ts';
import { FakeClock } from '../test-support/fake-clock.ts';
import { diffIdOf } from '../test-support/scripted-layer.ts';
import { ScriptedUpload } from '../test-support/scripted-upload.ts';
import { turns } from '../test-support/turns.ts';
import { createUploadManager } from './upload-manager.ts';
import type { UploadManagerInit } from './upload-manager.ts';

function setUp(names: string, init: UploadManagerInit = {}) {
  const clock = new FakeClock();
  const manager = createUploadManager({ clock, ...init });
  const steps: Progress[] = [];
  return {
    clock,
    manager,
    uploads: Array.from(names, (name) => new ScriptedUpload(name)),
    output: (progress: Progress) => steps.push(progress),
    wordsOf: ({ id }: LayerUpload) => steps.filter((step) => step.id === id).map(({ action }) => action),
  };
}

function succeedAll(uploads: readonly ScriptedUpload[]): void {
  for (const { attempts } of uploads) attempts.at(-1)?.succeed();
}

describe('an upload', () => {
  it('sends five layers at once, the others in turn, and says so in the words of docker', async () => {
    const { manager, uploads, output, wordsOf } = setUp('abcdef');
    const [a, b, c, d, e, f] = uploads as [ScriptedUpload, ...ScriptedUpload[]];
    const push = manager.upload(uploads, output);
    await turns();
    expect(uploads.map(({ attempts }) => attempts.length)).toEqual([1, 1, 1, 1, 1, 0]);
    expect(wordsOf(f as ScriptedUpload)).toEqual(['Preparing', 'Waiting']);
    c?.last.succeed();
    await turns();
    succeedAll([a, b, d, e, f] as ScriptedUpload[]);
    expect(await push).toEqual(uploads.map(({ blob }) => blob));
    expect(wordsOf(a)).toEqual(['Preparing', 'Pushing', 'Pushed']);
    expect(wordsOf(f as ScriptedUpload)).toEqual(['Preparing', 'Waiting', 'Pushing', 'Pushed']);
  });

  it('of no layers has nothing to do', async () => {
    expect(await createUploadManager().upload([], discardProgress)).toEqual([]);
  });

  it('tells every layer of its blob, but not before the last is there', async () => {
    const { manager, uploads } = setUp('ab');
    const [a, b] = uploads as [ScriptedUpload, ScriptedUpload];
    const push = manager.upload(uploads, discardProgress);
    await turns();
    a.last.succeed();
    await turns();
    expect(a.told).toEqual([]);
    b.last.succeed();
    await push;
    expect([a.told, b.told]).toEqual([[a.blob], [b.blob]]);
  });

  it('needs nobody who is told', async () => {
    const { manager, uploads } = setUp('a');
    const [{ blob }] = uploads as [ScriptedUpload];
    const bare: LayerUpload = {
      key: 'k',
      id: 'i',
      diffId: diffIdOf('a'),
      upload: () => Promise.resolve(blob),
    };
    expect(await manager.upload([bare], discardProgress)).toEqual([blob]);
  });

  it('prepares a layer that occurs twice twice, sends it once, and answers for both', async () => {
    const { manager, uploads, output, wordsOf } = setUp('aba');
    const [first, other, second] = uploads as [ScriptedUpload, ScriptedUpload, ScriptedUpload];
    const push = manager.upload(uploads, output);
    await turns();
    succeedAll(uploads);
    expect(await push).toEqual([first.blob, other.blob, first.blob]);
    expect(second.attempts.length).toBe(0);
    expect(wordsOf(first)).toEqual(['Preparing', 'Preparing', 'Pushing', 'Pushed']);
    expect(second.told).toEqual([first.blob]);
  });
});

describe('pushes at the same time', () => {
  it('share an upload, whose progress reaches both', async () => {
    const { manager, uploads, output, wordsOf } = setUp('a');
    const [a] = uploads as [ScriptedUpload];
    const first = manager.upload(uploads, discardProgress);
    await turns();
    const twin = new ScriptedUpload('a');
    const second = manager.upload([twin], output);
    await turns();
    a.last.succeed();
    expect(await first).toEqual(await second);
    expect(twin.attempts.length).toBe(0);
    expect(wordsOf(twin)).toEqual(['Preparing', 'Pushing', 'Pushed']);
    expect(twin.told).toEqual([a.blob]);
  });

  it('leave the upload to the last: nine of ten are aborted', async () => {
    const { manager, uploads } = setUp('a');
    const [a] = uploads as [ScriptedUpload];
    const aborts = Array.from({ length: 9 }, () => new AbortController());
    const leaving = aborts.map(({ signal }) => manager.upload(uploads, discardProgress, { signal }));
    const staying = manager.upload(uploads, discardProgress);
    await turns();
    const reasons = aborts.map((_, index) => new Error(`left ${index}`));
    aborts.forEach((abort, index) => {
      abort.abort(reasons[index]);
    });
    const outcomes = await Promise.allSettled(leaving);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as Error))).toEqual(
      reasons,
    );
    expect(a.last.signal?.aborted).toBe(false);
    a.last.succeed();
    expect(await staying).toEqual([a.blob]);
    expect(a.attempts.length).toBe(1);
  });
});

describe('cancelling an upload', () => {
  it('before the start sends nothing', async () => {
    const { manager, uploads, output, wordsOf } = setUp('a');
    const reason = new Error('never mind');
    const push = manager.upload(uploads, output, { signal: AbortSignal.abort(reason) });
    await expect(push).rejects.toBe(reason);
    await turns();
    expect([uploads[0]?.attempts.length, wordsOf(uploads[0] as ScriptedUpload)]).toEqual([0, []]);
  });

  it('rejects with the reason and ends what nobody else wants', async () => {
    const { manager, uploads } = setUp('ab', { concurrency: 1 });
    const [a, b] = uploads as [ScriptedUpload, ScriptedUpload];
    const abort = new AbortController();
    const push = manager.upload(uploads, discardProgress, { signal: abort.signal });
    await turns();
    const reason = new Error('enough');
    abort.abort(reason);
    await expect(push).rejects.toBe(reason);
    await turns();
    expect([a.last.signal?.aborted, b.attempts.length, a.told]).toEqual([true, 0, []]);
  });

  it('while it waits for another try leaves no timer behind', async () => {
    const { clock, manager, uploads, output, wordsOf } = setUp('a');
    const [a] = uploads as [ScriptedUpload];
    const abort = new AbortController();
    const push = manager.upload(uploads, output, { signal: abort.signal });
    await turns();
    a.last.fail(new Error('connection reset'));
    await clock.pass(2);
    expect(wordsOf(a).slice(2)).toEqual(['5', '4', '3'].map((left) => `Retrying in ${left} seconds`));
    abort.abort(new Error('enough'));
    await expect(push).rejects.toThrow('enough');
    await turns();
    expect(clock.sleepers).toBe(0);
  });
});

describe('an upload that fails', () => {
  it('is tried five times in all, after 5, 10, 15 and 20 seconds', async () => {
    const { clock, manager, uploads, output, wordsOf } = setUp('a');
    const [a] = uploads as [ScriptedUpload];
    const push = manager.upload(uploads, output);
    const outcome = expect(push).rejects.toThrow('failure 5');
    await turns();
    for (const [index, delay] of [5, 10, 15, 20].entries()) {
      a.last.fail(new Error(`failure ${index + 1}`));
      await clock.pass(delay - 1);
      expect(a.attempts.length).toBe(index + 1);
      await clock.pass(1);
      expect(a.attempts.length).toBe(index + 2);
    }
    a.last.fail(new Error('failure 5'));
    await outcome;
    await clock.pass(100);
    expect(a.attempts.length).toBe(5);
    expect(wordsOf(a).filter((word) => word === 'Retrying in 1 second').length).toBe(4);
    expect(wordsOf(a)).toContain('Retrying in 20 seconds');
  });

  it.each([
    [1, 1],
    [3, 3],
  ])('with maxAttempts %i is tried %i times', async (maxAttempts, tries) => {
    const { clock, manager, uploads } = setUp('a', { maxAttempts });
    const outcome = expect(manager.upload(uploads, discardProgress)).rejects.toThrow(`failure ${tries}`);
    await turns();
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      uploads[0]?.last.fail(new Error(`failure ${attempt}`));
      await clock.pass(attempt * 5);
    }
    await outcome;
    expect(uploads[0]?.attempts.length).toBe(tries);
  });

  it.each<readonly [string, Error]>([
    ['DoNotRetry', new DoNotRetry(new Error('no'))],
    ['an error that no try can help', new StowageError('DENIED', 'no')],
  ])('is not tried again after %s', async (_, error) => {
    const { clock, manager, uploads } = setUp('a');
    const push = manager.upload(uploads, discardProgress);
    await turns();
    uploads[0]?.last.fail(error);
    await expect(push).rejects.toBe(error);
    expect([clock.sleepers, uploads[0]?.attempts.length]).toEqual([0, 1]);
  });

  it('fails with the first of the layers, whichever failed first in time, and ends the others', async () => {
    const { manager, uploads } = setUp('abc');
    const [a, b, c] = uploads as [ScriptedUpload, ScriptedUpload, ScriptedUpload];
    const push = manager.upload(uploads, discardProgress);
    await turns();
    b.last.fail(new StowageError('DENIED', 'second layer'));
    await turns();
    a.last.fail(new StowageError('DENIED', 'first layer'));
    await expect(push).rejects.toThrow('first layer');
    await turns();
    expect(c.last.signal?.aborted).toBe(true);
    expect(uploads.map(({ told }) => told.length)).toEqual([0, 0, 0]);
  });
});

describe('the limit of an upload manager', () => {
  it('can be changed for what is asked for from then on', async () => {
    const { manager, uploads } = setUp('abc', { concurrency: 1 });
    const early = manager.upload(uploads.slice(0, 2), discardProgress);
    await turns();
    manager.setConcurrency(2);
    const late = manager.upload(uploads.slice(2), discardProgress);
    await turns();
    expect(uploads.map(({ attempts }) => attempts.length)).toEqual([1, 0, 1]);
    succeedAll(uploads);
    await turns();
    succeedAll(uploads);
    await Promise.all([early, late]);
  });

  it.each([{ maxAttempts: 0 }, { maxAttempts: 1.5 }, { concurrency: -1 }])('refuses %j', (init) => {
    expect(() => createUploadManager(init)).toThrow(
      expect.toSatisfy((error) => isStowageError(error, 'INVALID_ARGUMENT')),
    );
  });
});
