import { chainId } from '@stowage/core';
import { discardProgress, isStowageError, StowageError } from '@stowage/types';
import type { Progress, ProgressOutput, RootFS } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createDownloadManager } from './download-manager.ts';
import type { DownloadManagerInit } from './download-manager.ts';
import { FakeClock } from '../test-support/fake-clock.ts';
import { FakeLayerStore } from '../test-support/fake-layer-store.ts';
import { diffIdOf, ScriptedLayer } from '../test-support/scripted-layer.ts';
import { turns } from '../test-support/turns.ts';

const EMPTY: RootFS = { type: 'layers', diff_ids: [] };

function setUp(init: Partial<DownloadManagerInit> = {}) {
  const store = new FakeLayerStore();
  const clock = new FakeClock();
  const manager = createDownloadManager({ layerStore: store, clock, ...init });
  return { store, clock, manager };
}

function layers(names: string): ScriptedLayer[] {
  return Array.from(names, (name) => new ScriptedLayer(name));
}

/** The words of progress, one string for each layer. */
function words(): { readonly output: ProgressOutput; of(layer: ScriptedLayer | undefined): string } {
  const steps: Progress[] = [];
  return {
    output: (progress) => steps.push(progress),
    of: (layer) =>
      steps
        .filter(({ id }) => id === layer?.id)
        .map(({ action }) => action)
        .join(' > '),
  };
}

describe('a pull', () => {
  it('downloads side by side, registers base first, and says so in the words of docker', async () => {
    const { store, manager } = setUp({ concurrency: 2 });
    const [a, b, c] = layers('abc') as [ScriptedLayer, ScriptedLayer, ScriptedLayer];
    const said = words();
    const pull = manager.download(EMPTY, 'linux', [a, b, c], said.output);
    await turns();
    expect(said.of(c)).toBe('Pulling fs layer > Waiting');
    b.last.succeed();
    await turns();
    expect(store.registered).toEqual([]);
    a.last.succeed();
    c.last.succeed();
    const { rootFS, ...held } = await pull;

    expect(rootFS).toEqual({ type: 'layers', diff_ids: [diffIdOf('a'), diffIdOf('b'), diffIdOf('c')] });
    expect(store.registered).toEqual(rootFS.diff_ids);
    const whole = 'Downloading > Download complete > Extracting > Pull complete';
    expect(said.of(a)).toBe(`Pulling fs layer > ${whole}`);
    expect(said.of(b)).toBe(`Pulling fs layer > ${whole}`);
    expect(said.of(c)).toBe(`Pulling fs layer > Waiting > ${whole}`);
    expect([a, b, c].map(({ told }) => told)).toEqual([[diffIdOf('a')], [diffIdOf('b')], [diffIdOf('c')]]);

    expect(store.holds).toBe(1);
    await held.release();
    await held.release();
    expect(store.holds).toBe(0);
  });

  it('tells how far the reading of a blob has come', async () => {
    const { store, manager } = setUp();
    const [a] = layers('a') as [ScriptedLayer];
    store.onRegister = async ({ size }, { onProgress }) => {
      await turns();
      onProgress?.(size);
      await turns();
    };
    const steps: (number | undefined)[] = [];
    const pull = manager.download(EMPTY, 'linux', [a], ({ action, current }) => {
      if (action === 'Extracting') steps.push(current);
    });
    await turns();
    a.last.succeed();
    await pull;
    expect(steps).toEqual([0, a.descriptor.size]);
  });

  it('downloads the next layer while one is still being registered', async () => {
    const { store, manager } = setUp({ concurrency: 1 });
    const [a, b] = layers('ab') as [ScriptedLayer, ScriptedLayer];
    store.onRegister = () => new Promise(() => undefined);
    void manager.download(EMPTY, 'linux', [a, b], discardProgress);
    await turns();
    expect(b.attempts.length).toBe(0);
    a.last.succeed();
    await turns();
    expect(b.attempts.length).toBe(1);
  });

  it('takes what was learnt while the bytes came in along to the registration', async () => {
    const { store, manager } = setUp();
    const [a] = layers('a') as [ScriptedLayer];
    const seen: unknown[] = [];
    store.onRegister = (descriptor, { scanned, signal }) => {
      seen.push(descriptor.digest, scanned, signal?.aborted);
      return Promise.resolve();
    };
    const pull = manager.download(EMPTY, '', [a], discardProgress);
    await turns();
    a.last.succeed();
    await pull;
    expect(seen).toEqual([diffIdOf('a'), { diffId: diffIdOf('a'), diffSize: 1 }, false]);
  });

  it('of no layers is what it stands on', async () => {
    const { store, manager } = setUp();
    const initial: RootFS = { type: 'layers', diff_ids: [diffIdOf('e')] };
    const { rootFS, ...held } = await manager.download(initial, 'linux', [], discardProgress);
    expect(rootFS).toEqual(initial);
    await held.release();
    expect(store.holds).toBe(0);
  });

  it('puts its layers on top of what it stands on', async () => {
    const { store, manager } = setUp();
    store.seed(diffIdOf('e'));
    const [a] = layers('a') as [ScriptedLayer];
    const initial: RootFS = { type: 'layers', diff_ids: [diffIdOf('e')] };
    const pull = manager.download(initial, 'linux', [a], discardProgress);
    await turns();
    a.last.succeed();
    const { rootFS, ...held } = await pull;
    expect(rootFS.diff_ids).toEqual([diffIdOf('e'), diffIdOf('a')]);
    expect([...(await store.map()).keys()]).toContain(chainId(rootFS.diff_ids));
    await held.release();
  });
});

describe('layers that are there', () => {
  it('are not downloaded, up to the first that is missing', async () => {
    const { store, manager } = setUp();
    const [a, b, c] = layers('abc') as [ScriptedLayer, ScriptedLayer, ScriptedLayer];
    a.known = diffIdOf('a');
    c.known = diffIdOf('c');
    store.seed(diffIdOf('a'));
    const said = words();
    const pull = manager.download(EMPTY, 'linux', [a, b, c], said.output);
    await turns();
    expect([a, b, c].map(({ attempts }) => attempts.length)).toEqual([0, 1, 1]);
    b.last.succeed();
    c.last.succeed();
    const { rootFS, ...held } = await pull;
    expect(rootFS.diff_ids).toEqual([diffIdOf('a'), diffIdOf('b'), diffIdOf('c')]);
    expect(said.of(a)).toBe('Already exists');
    expect(a.told).toEqual([diffIdOf('a')]);
    expect(store.holds).toBe(1);
    await held.release();
    expect(store.holds).toBe(0);
  });

  it('are held by their top one when nothing is missing', async () => {
    const { store, manager } = setUp();
    const stack = layers('ab');
    for (const layer of stack) layer.known = layer.descriptor.digest as never;
    store.seed(diffIdOf('a'), diffIdOf('b'));
    const { rootFS, ...held } = await manager.download(EMPTY, 'linux', stack, discardProgress);
    expect(rootFS.diff_ids).toEqual([diffIdOf('a'), diffIdOf('b')]);
    expect(store.holds).toBe(1);
    await held.release();
    expect(store.holds).toBe(0);
  });

  it('count only in their place in the stack', async () => {
    const { store, manager } = setUp();
    const [b] = layers('b') as [ScriptedLayer];
    b.known = diffIdOf('b');
    store.seed(diffIdOf('a'), diffIdOf('b'));
    void manager.download(EMPTY, 'linux', [b], discardProgress);
    await turns();
    expect(b.attempts.length).toBe(1);
  });

  it('are let go when a later step fails', async () => {
    const { store, manager } = setUp();
    const [a, b] = layers('ab') as [ScriptedLayer, ScriptedLayer];
    a.known = diffIdOf('a');
    b.known = diffIdOf('b');
    store.seed(diffIdOf('a'), diffIdOf('b'));
    b.registeredError = new Error('disk full');
    await expect(manager.download(EMPTY, 'linux', [a, b], discardProgress)).rejects.toThrow('disk full');
    expect(store.holds).toBe(0);
  });
});

describe('a layer that occurs twice', () => {
  it('is downloaded once and registered twice, the second time in silence', async () => {
    const { store, manager } = setUp();
    const [first, between, second] = layers('aba') as [ScriptedLayer, ScriptedLayer, ScriptedLayer];
    const said = words();
    const pull = manager.download(EMPTY, 'linux', [first, between, second], said.output);
    await turns();
    first.last.succeed();
    between.last.succeed();
    const { rootFS, ...held } = await pull;
    expect(rootFS.diff_ids).toEqual([diffIdOf('a'), diffIdOf('b'), diffIdOf('a')]);
    expect([first.attempts.length, second.attempts.length]).toEqual([1, 0]);
    expect(said.of(first)).toBe(
      'Pulling fs layer > Downloading > Download complete > Extracting > Pull complete',
    );
    expect(second.told).toEqual([diffIdOf('a')]);
    await held.release();
    expect(store.holds).toBe(0);
  });
});

describe('a pull that fails', () => {
  it('fails with the error of the layer, registers nothing above it, and aborts the rest', async () => {
    const { store, manager } = setUp();
    const [a, b, c] = layers('abc') as [ScriptedLayer, ScriptedLayer, ScriptedLayer];
    const pull = manager.download(EMPTY, 'linux', [a, b, c], discardProgress);
    await turns();
    a.last.succeed();
    c.last.succeed();
    await turns();
    const error = new StowageError('DENIED', 'no');
    b.last.fail(error);
    await expect(pull).rejects.toBe(error);
    await turns();
    expect(store.registered).toEqual([diffIdOf('a')]);
    expect(store.holds).toBe(0);
  });

  it('stops downloads at once when a layer beneath is out of reach', async () => {
    const { manager } = setUp();
    const [a, b] = layers('ab') as [ScriptedLayer, ScriptedLayer];
    const pull = manager.download(EMPTY, 'linux', [a, b], discardProgress);
    await turns();
    a.last.fail(new StowageError('NOT_FOUND', 'blob unknown to registry'));
    await expect(pull).rejects.toThrow('blob unknown to registry');
    await turns();
    expect(b.last.signal?.aborted).toBe(true);
  });

  it('says that it was the registration', async () => {
    const { store, manager } = setUp();
    const [a] = layers('a') as [ScriptedLayer];
    const cause = new StowageError('INVALID_ARCHIVE', 'unexpected end', { reason: 'tar' });
    store.onRegister = () => Promise.reject(cause);
    const pull = manager.download(EMPTY, 'linux', [a], discardProgress);
    await turns();
    a.last.succeed();
    await expect(pull).rejects.toMatchObject({
      code: 'INVALID_ARCHIVE',
      message: 'failed to register layer: unexpected end',
      reason: 'tar',
      cause,
    });
    store.onRegister = () => Promise.reject(new Error('disk full'));
    const again = manager.download(EMPTY, 'linux', [a], discardProgress);
    await turns();
    a.last.succeed();
    await expect(again).rejects.toMatchObject({
      code: 'STORAGE',
      message: 'failed to register layer: disk full',
    });
    expect(store.holds).toBe(0);
  });

  it('fails when a layer cannot be told of its registration', async () => {
    const { store, manager } = setUp();
    const [a] = layers('a') as [ScriptedLayer];
    a.registeredError = new Error('disk full');
    const pull = manager.download(EMPTY, 'linux', [a], discardProgress);
    await turns();
    a.last.succeed();
    await expect(pull).rejects.toThrow('disk full');
    await turns();
    expect(store.holds).toBe(0);
  });

  it('keeps nothing when a hold cannot be given back', async () => {
    const { store, manager } = setUp();
    const [a] = layers('a') as [ScriptedLayer];
    store.releaseError = new Error('lock lost');
    const pull = manager.download(EMPTY, 'linux', [a], discardProgress);
    await turns();
    a.last.succeed();
    await expect(pull).rejects.toThrow('lock lost');
  });

  it('finds out when its layers have lost their parents', async () => {
    const { store, manager } = setUp();
    const stack = layers('ab') as [ScriptedLayer, ScriptedLayer];
    const get = store.get.bind(store);
    store.get = async (chainId) => Object.assign(await get(chainId), { parent: undefined });
    const pull = manager.download(EMPTY, 'linux', stack, discardProgress);
    await turns();
    for (const layer of stack) layer.last.succeed();
    const message = 'internal error: too few parent layers';
    await expect(pull).rejects.toMatchObject({ code: 'DATA_LOSS', message });
    expect(store.holds).toBe(0);
  });

  it('refuses what it cannot do before it begins', async () => {
    const { manager } = setUp({ operatingSystems: ['linux'] });
    const pull = manager.download(EMPTY, 'windows', layers('a'), discardProgress);
    await expect(pull).rejects.toMatchObject({
      code: 'UNSUPPORTED',
      message: 'operating system is not supported',
    });
    const deep = manager.download(EMPTY, '', layers('a'.repeat(126)), discardProgress);
    await expect(deep).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', message: 'max depth exceeded' });
    for (const init of [{ maxAttempts: -1 }, { maxAttempts: 0.5 }, { concurrency: -1 }]) {
      expect(() => setUp(init)).toThrow(
        expect.toSatisfy((error) => isStowageError(error, 'INVALID_ARGUMENT')),
      );
    }
  });
});
