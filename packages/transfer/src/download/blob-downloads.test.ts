import { discardProgress, StowageError } from '@stowage/types';
import type { Progress } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { createDownloadManager } from './download-manager.ts';
import { FakeClock } from '../test-support/fake-clock.ts';
import { FakeLayerStore } from '../test-support/fake-layer-store.ts';
import { ScriptedLayer } from '../test-support/scripted-layer.ts';
import { turns } from '../test-support/turns.ts';

function setUp(concurrency = 3) {
  const store = new FakeLayerStore();
  const clock = new FakeClock();
  const manager = createDownloadManager({ layerStore: store, clock, concurrency, maxAttempts: 1 });
  const fetch = (
    layers: readonly ScriptedLayer[],
    signal?: AbortSignal,
    output: (progress: Progress) => void = discardProgress,
  ) => manager.downloadBlobs?.(layers, output, { signal }) ?? Promise.reject(new Error('cannot'));
  return { store, clock, manager, fetch };
}

describe('downloadBlobs', () => {
  it('downloads each blob once, so many at a time, and registers nothing', async () => {
    const { store, fetch } = setUp(1);
    const [a, b, twin] = [new ScriptedLayer('a'), new ScriptedLayer('b'), new ScriptedLayer('a')];
    const said: string[] = [];
    const done = fetch([a, b, twin], undefined, ({ id, action = '' }) => said.push(`${id} ${action}`));
    await turns();
    expect([a.attempts.length, b.attempts.length]).toEqual([1, 0]);
    a.last.succeed();
    await turns();
    b.last.succeed();
    await done;
    expect(twin.attempts.length).toBe(0);
    expect(store.registered).toEqual([]);
    expect(said.filter((line) => line.startsWith(a.id))).toEqual([
      `${a.id} Pulling fs layer`,
      `${a.id} Downloading`,
      `${a.id} Download complete`,
      `${a.id} Pull complete`,
    ]);
    expect(said).toContain(`${b.id} Waiting`);
    await fetch([]);
  });

  it('shares the download of a layer that a pull has begun', async () => {
    const { manager, fetch } = setUp();
    const [layer, blob] = [new ScriptedLayer('a'), new ScriptedLayer('a')];
    const pulled = manager.download({ type: 'layers', diff_ids: [] }, 'linux', [layer], discardProgress);
    await turns();
    const fetched = fetch([blob]);
    await turns();
    layer.last.succeed();
    await fetched;
    await (await pulled).release();
    expect(blob.attempts.length).toBe(0);
  });

  it('tries again, and then fails with the error; the others are given up', async () => {
    const { clock, fetch } = setUp();
    const [a, b] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    const outcome = fetch([a, b]).catch((error: unknown) => error);
    await turns();
    a.last.fail(new StowageError('UNAVAILABLE', 'no', { retryable: true }));
    await turns();
    await clock.pass(6);
    await turns();
    expect(a.attempts.length).toBe(2);
    const error = new StowageError('UNAVAILABLE', 'still no', { retryable: true });
    a.last.fail(error);
    await turns();
    expect(await outcome).toBe(error);
    expect(b.last.signal?.aborted).toBe(true);
  });

  it('ends with the reason of an abort, before and after its beginning', async () => {
    const { fetch } = setUp();
    const reason = new Error('enough');
    const layer = new ScriptedLayer('a');
    await expect(fetch([layer], AbortSignal.abort(reason))).rejects.toBe(reason);
    expect(layer.attempts.length).toBe(0);
    const stop = new AbortController();
    const outcome = fetch([layer], stop.signal).catch((error: unknown) => error);
    await turns();
    stop.abort(reason);
    expect(await outcome).toBe(reason);
    expect(layer.last.signal?.aborted).toBe(true);
  });
});
