import { chainId } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { Progress, RootFS } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../test-support/fake-clock.ts';
import { FakeLayerStore } from '../test-support/fake-layer-store.ts';
import { diffIdOf, ScriptedLayer } from '../test-support/scripted-layer.ts';
import { turns } from '../test-support/turns.ts';
import { createDownloadManager } from './download-manager.ts';

// The situations that moby tests its download manager in.

const EMPTY: RootFS = { type: 'layers', diff_ids: [] };

function setUp(names: string) {
  const store = new FakeLayerStore();
  const clock = new FakeClock();
  const manager = createDownloadManager({ layerStore: store, clock, concurrency: 3 });
  const layers = Array.from(names, (name) => new ScriptedLayer(name));
  const steps: Progress[] = [];
  const output = (progress: Progress): unknown => steps.push(progress);
  const wordsOf = (name: string): string =>
    steps
      .filter(({ id }) => id === `layer-${name}`)
      .map(({ action = '' }) => action)
      .join(' > ');
  return { store, clock, manager, layers, output, wordsOf };
}

describe('a whole download', () => {
  it('of an image of which one layer is there, one occurs twice and one fails at first', async () => {
    const { store, clock, manager, layers, output, wordsOf } = setUp('abcadb');
    const [a, b, c, again, d, last] = layers as [ScriptedLayer, ...ScriptedLayer[]];
    a.known = diffIdOf('a');
    store.seed(diffIdOf('a'));
    const pull = manager.download(EMPTY, 'linux', layers, output);
    await turns();
    expect(wordsOf('a').startsWith('Already exists')).toBe(true);
    expect(layers.map(({ attempts }) => attempts.length)).toEqual([0, 1, 1, 1, 0, 0]);

    b?.last.fail(new Error('connection reset'));
    c?.last.succeed();
    again?.last.succeed();
    await turns();
    d?.last.succeed();
    await clock.pass(5);
    expect(store.registered).toEqual([]);
    b?.last.succeed();
    const { rootFS, release } = await pull;

    const whole = Array.from('abcadb', diffIdOf);
    expect(rootFS.diff_ids).toEqual(whole);
    expect(store.registered).toEqual(whole.slice(1));
    expect(layers.map(({ told }) => told)).toEqual(whole.map((diffId) => [diffId]));
    const countdown = [5, 4, 3, 2].map((left) => `Retrying in ${left} seconds`);
    const retried = [...countdown, 'Retrying in 1 second', 'Downloading'].join(' > ');
    const end = 'Download complete > Extracting > Pull complete';
    expect(wordsOf('b')).toBe(`Pulling fs layer > Downloading > ${retried} > ${end}`);
    expect(wordsOf('c')).toBe(`Pulling fs layer > Downloading > ${end}`);
    expect(wordsOf('d')).toBe(`Pulling fs layer > Waiting > Downloading > ${end}`);
    expect(last?.attempts.length).toBe(0);

    const top = await store.get(chainId(whole));
    await store.release(top);
    await release();
    expect(store.holds).toBe(0);
  });

  it('that is cancelled in the middle leaves no hold and no timer, and what is registered stays known', async () => {
    const { store, clock, manager, layers, output } = setUp('abc');
    const [a, b, c] = layers as [ScriptedLayer, ScriptedLayer, ScriptedLayer];
    const abort = new AbortController();
    const pull = manager.download(EMPTY, 'linux', layers, output, { signal: abort.signal });
    await turns();
    a.last.succeed();
    b.last.fail(new Error('connection reset'));
    await clock.pass(1);
    const reason = new Error('cancelled');
    abort.abort(reason);
    await expect(pull).rejects.toBe(reason);
    await turns();
    expect([store.holds, clock.sleepers, c.last.signal?.aborted]).toEqual([0, 0, true]);
    expect(store.registered).toEqual([diffIdOf('a')]);
  });

  it('ends the download that takes the place of one beneath it that has failed', async () => {
    const { manager, layers, output } = setUp('abcd');
    const pull = manager.download(EMPTY, 'linux', layers, output);
    await turns();
    layers[0]?.last.fail(new StowageError('DENIED', 'not for you'));
    await expect(pull).rejects.toThrow('not for you');
    await turns();
    expect(layers.slice(1).every(({ last }) => last.signal?.aborted)).toBe(true);
  });
});
