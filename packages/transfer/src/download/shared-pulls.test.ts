import { discardProgress, StowageError } from '@stowage/types';
import type { Progress, RootFS } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createDownloadManager } from './download-manager.ts';
import { FakeClock } from '../test-support/fake-clock.ts';
import { FakeLayerStore } from '../test-support/fake-layer-store.ts';
import { diffIdOf, ScriptedLayer } from '../test-support/scripted-layer.ts';
import { turns } from '../test-support/turns.ts';

const EMPTY: RootFS = { type: 'layers', diff_ids: [] };

function setUp(concurrency = 3) {
  const store = new FakeLayerStore();
  const clock = new FakeClock();
  const manager = createDownloadManager({ layerStore: store, clock, concurrency });
  const pull = (
    layers: readonly ScriptedLayer[],
    signal?: AbortSignal,
    output: (progress: Progress) => void = discardProgress,
  ) => manager.download(EMPTY, 'linux', layers, output, { signal });
  return { store, clock, manager, pull };
}

describe('pulls at the same time', () => {
  it('share all work where they are equal', async () => {
    const { store, pull } = setUp();
    const [a, b] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    const [a2, b2] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    const pulls = Promise.all([pull([a, b]), pull([a2, b2])]);
    await turns();
    a.last.succeed();
    b.last.succeed();
    const results = await pulls;
    expect(results[0].rootFS).toEqual(results[1].rootFS);
    expect([a2.attempts.length, b2.attempts.length]).toEqual([0, 0]);
    expect(store.registered).toEqual([diffIdOf('a'), diffIdOf('b')]);
    // Each pull tells its own layers, which may be of another repository.
    expect(b2.told).toEqual([diffIdOf('b')]);
    await results[0].release();
    expect(store.holds).toBe(1);
    await results[1].release();
    expect(store.holds).toBe(0);
  });

  it('share a download whatever it stands on, and register it where each needs it', async () => {
    const { store, pull } = setUp();
    const [a, c] = [new ScriptedLayer('a'), new ScriptedLayer('c')];
    const [b, c2] = [new ScriptedLayer('b'), new ScriptedLayer('c')];
    const seen: (string | undefined)[] = [];
    const first = pull([a, c]);
    const second = pull([b, c2], undefined, ({ id, action }) => {
      if (id === c2.id) seen.push(action);
    });
    await turns();
    for (const layer of [a, b, c]) layer.last.succeed();
    const results = await Promise.all([first, second]);
    expect(c2.attempts.length).toBe(0);
    expect(results.map(({ rootFS }) => rootFS.diff_ids)).toEqual([
      [diffIdOf('a'), diffIdOf('c')],
      [diffIdOf('b'), diffIdOf('c')],
    ]);
    expect(store.registered.filter((diffId) => diffId === diffIdOf('c')).length).toBe(2);
    expect(seen).toEqual([
      'Pulling fs layer',
      'Downloading',
      'Download complete',
      'Extracting',
      'Pull complete',
    ]);
    for (const result of results) await result.release();
    expect(store.holds).toBe(0);
  });

  it('goes on with a layer that another pull has just registered', async () => {
    const { store, pull } = setUp();
    const [a, b] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    const first = pull([a, b]);
    await turns();
    a.last.succeed();
    await turns();
    const [a2, b2] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    a2.known = diffIdOf('a');
    const second = pull([a2, b2]);
    await turns();
    b.last.succeed();
    const results = await Promise.all([first, second]);
    expect([a2.attempts.length, b2.attempts.length]).toEqual([0, 0]);
    expect(results[1].rootFS).toEqual(results[0].rootFS);
    expect(store.registered.length).toBe(2);
    for (const result of results) await result.release();
    expect(store.holds).toBe(0);
  });
});

describe('abort', () => {
  it('before the start rejects with the reason and does nothing', async () => {
    const { pull } = setUp();
    const a = new ScriptedLayer('a');
    const reason = new Error('no need');
    await expect(pull([a], AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(a.attempts.length).toBe(0);
  });

  it('rejects with the reason, lets go of everything and stops the downloads', async () => {
    const { store, pull } = setUp();
    const [a, b, c] = [new ScriptedLayer('a'), new ScriptedLayer('b'), new ScriptedLayer('c')];
    a.known = diffIdOf('a');
    store.seed(diffIdOf('a'));
    const caller = new AbortController();
    const seen: Progress[] = [];
    const pulling = pull([a, b, c], caller.signal, (progress) => seen.push(progress));
    await turns();
    b.last.succeed();
    await turns();
    const before = seen.length;
    const reason = new Error('changed my mind');
    caller.abort(reason);
    await expect(pulling).rejects.toBe(reason);
    await turns();
    expect(c.last.signal?.aborted).toBe(true);
    expect(store.holds).toBe(0);
    c.last.progress({ id: c.id, action: 'Too late' });
    await turns();
    expect(seen.length).toBe(before);
  });

  it('of nine in ten callers does not touch the tenth', async () => {
    const { store, pull } = setUp();
    const stacks = Array.from(
      { length: 10 },
      () => [new ScriptedLayer('a'), new ScriptedLayer('b')] as const,
    );
    const callers = stacks.map(() => new AbortController());
    const pulls = stacks.map((stack, index) => pull(stack, callers[index]?.signal));
    const outcomes = Promise.allSettled(pulls);
    await turns();
    const [[a, b]] = stacks as [readonly [ScriptedLayer, ScriptedLayer]];
    // The first caller is among those who leave: its signal must not be the one that counts.
    for (const caller of callers.slice(0, 9)) caller.abort(new Error('left'));
    await turns();
    expect(a.last.signal?.aborted).toBe(false);
    a.last.succeed();
    b.last.succeed();
    const settled = await outcomes;
    expect(settled.map(({ status }) => status)).toEqual([...Array<string>(9).fill('rejected'), 'fulfilled']);
    await (await pulls[9])?.release();
    expect(store.holds).toBe(0);
  });

  it('in the queue lets the next download take the place', async () => {
    const { pull } = setUp(1);
    const [a, b, c] = [new ScriptedLayer('a'), new ScriptedLayer('b'), new ScriptedLayer('c')];
    const caller = new AbortController();
    void pull([a]);
    const second = pull([b], caller.signal);
    void pull([c]);
    await turns();
    caller.abort(new Error('left'));
    await expect(second).rejects.toThrow('left');
    a.last.succeed();
    await turns();
    expect([b.attempts.length, c.attempts.length]).toEqual([0, 1]);
  });

  it('while it waits for another try leaves no timer behind', async () => {
    const { clock, pull } = setUp();
    const a = new ScriptedLayer('a');
    const caller = new AbortController();
    const pulling = pull([a], caller.signal);
    await turns();
    a.last.fail(new Error('connection reset'));
    await turns();
    expect(clock.sleepers).toBe(1);
    caller.abort(new Error('left'));
    await expect(pulling).rejects.toThrow('left');
    await turns();
    expect(clock.sleepers).toBe(0);
    expect(a.attempts.length).toBe(1);
  });

  it('lets a pull that comes right after begin anew', async () => {
    const { store, pull } = setUp();
    const [a, again] = [new ScriptedLayer('a'), new ScriptedLayer('a')];
    const caller = new AbortController();
    const pulling = pull([a], caller.signal);
    await turns();
    caller.abort(new Error('left'));
    await expect(pulling).rejects.toThrow('left');
    const second = pull([again]);
    await turns();
    again.last.succeed();
    await (await second).release();
    expect(store.holds).toBe(0);
  });
});

describe('a layer that fails for one pull', () => {
  it('does not stop what the other pull shares of it', async () => {
    const { store, pull } = setUp();
    const [bad, shared] = [new ScriptedLayer('a'), new ScriptedLayer('c')];
    const [good, shared2] = [new ScriptedLayer('b'), new ScriptedLayer('c')];
    const first = pull([bad, shared]);
    const second = pull([good, shared2]);
    await turns();
    bad.last.fail(new StowageError('DENIED', 'no'));
    await expect(first).rejects.toThrow('no');
    await turns();
    expect(shared.last.signal?.aborted).toBe(false);
    good.last.succeed();
    shared.last.succeed();
    await (await second).release();
    expect(store.holds).toBe(0);
  });
});
