import { discardProgress, RegistryError, StowageError } from '@stowage/types';
import type { Progress, RootFS } from '@stowage/types';
import { describe, expect, it } from 'vitest';
import { DoNotRetry, isDoNotRetry } from './do-not-retry.ts';
import { createDownloadManager } from '../download/download-manager.ts';
import { FakeClock } from '../test-support/fake-clock.ts';
import { FakeLayerStore } from '../test-support/fake-layer-store.ts';
import { ScriptedLayer } from '../test-support/scripted-layer.ts';
import { turns } from '../test-support/turns.ts';

const EMPTY: RootFS = { type: 'layers', diff_ids: [] };

async function setUp(maxAttempts?: number) {
  const clock = new FakeClock();
  const manager = createDownloadManager({ layerStore: new FakeLayerStore(), clock, maxAttempts });
  const layer = new ScriptedLayer('a');
  const seen: Progress[] = [];
  const pull = manager.download(EMPTY, 'linux', [layer], (progress) => seen.push(progress));
  await turns();
  return { clock, layer, pull, countdown: () => seen.filter(({ phase }) => phase === 'retrying') };
}

describe('another try', () => {
  it('comes after a countdown of seconds, 5 more for each try, and goes on from there', async () => {
    const { clock, layer, pull, countdown } = await setUp();
    layer.last.fail(new Error('connection reset'));
    await clock.pass(4);
    expect(layer.attempts.length).toBe(1);
    await clock.pass(1);
    expect(countdown().map(({ action }) => action)).toEqual([
      'Retrying in 5 seconds',
      'Retrying in 4 seconds',
      'Retrying in 3 seconds',
      'Retrying in 2 seconds',
      'Retrying in 1 second',
    ]);
    expect(layer.attempts.length).toBe(2);
    layer.last.fail(new StowageError('UNAVAILABLE', 'try later', { retryable: true }));
    await clock.pass(9);
    expect(layer.attempts.length).toBe(2);
    expect(countdown()[5]?.action).toBe('Retrying in 10 seconds');
    await clock.pass(1);
    expect(layer.attempts.length).toBe(3);
    layer.last.succeed();
    await (await pull).release();
  });

  it.each([
    [undefined, 6],
    [2, 3],
    [0, 1],
  ])('with maxAttempts %s, there are %i tries in all', async (maxAttempts, tries) => {
    const { clock, layer, pull } = await setUp(maxAttempts);
    const outcome = expect(pull).rejects.toThrow(`failure ${tries}`);
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      expect(layer.attempts.length).toBe(attempt);
      layer.last.fail(new Error(`failure ${attempt}`));
      await clock.pass(attempt * 5);
    }
    await outcome;
    await clock.pass(100);
    expect(layer.attempts.length).toBe(tries);
  });

  it('keeps its slot while it waits', async () => {
    const clock = new FakeClock();
    const manager = createDownloadManager({ layerStore: new FakeLayerStore(), clock, concurrency: 1 });
    const [a, b] = [new ScriptedLayer('a'), new ScriptedLayer('b')];
    void manager.download(EMPTY, 'linux', [a, b], discardProgress);
    await turns();
    a.last.fail(new Error('connection reset'));
    await turns();
    expect(b.attempts.length).toBe(0);
    await clock.pass(5);
    a.last.succeed();
    await turns();
    expect(b.attempts.length).toBe(1);
  });
});

const refusal = (message: string): RegistryError =>
  new RegistryError('RATE_LIMITED', 'slow down', {
    method: 'GET',
    url: 'https://registry.example/v2/a/blobs/b',
    status: 429,
    errors: [{ code: 'TOOMANYREQUESTS', message }],
    retryable: true,
  });

describe('no other try', () => {
  it.each<readonly [string, Error]>([
    ['a DoNotRetry', new DoNotRetry(new Error('no such blob'))],
    ['an error that no try can help', new StowageError('DENIED', 'no such blob')],
    ['a registry that says so in full', refusal('come back tomorrow')],
    ['a digest that differs', new StowageError('DIGEST_MISMATCH', 'no such blob', { retryable: false })],
  ])('after %s', async (_, error) => {
    const { clock, layer, pull } = await setUp();
    layer.last.fail(error);
    await expect(pull).rejects.toBe(error);
    expect(clock.sleepers).toBe(0);
    expect(layer.attempts.length).toBe(1);
  });

  it('but one after a bare code, which is all that a busy proxy says', async () => {
    const { clock, layer, pull } = await setUp();
    layer.last.fail(refusal('too many requests'));
    await clock.pass(5);
    layer.last.succeed();
    await (await pull).release();
    expect(layer.attempts.length).toBe(2);
  });

  it('where waiting itself fails', async () => {
    const { clock, layer, pull } = await setUp();
    clock.sleep = () => Promise.reject(new Error('no timers here'));
    layer.last.fail(new Error('connection reset'));
    await expect(pull).rejects.toThrow('no timers here');
  });
});

describe('DoNotRetry', () => {
  it('has the words, the code and the reason of what it wraps', () => {
    const cause = new StowageError('RATE_LIMITED', 'slow down', { retryable: true, reason: 'quota' });
    const error = new DoNotRetry(cause);
    expect(error).toMatchObject({ name: 'DoNotRetry', code: 'RATE_LIMITED', message: 'slow down', cause });
    expect([error.retryable, error.reason]).toEqual([false, 'quota']);
    expect(new DoNotRetry('text')).toMatchObject({ code: 'REGISTRY', message: 'text', cause: 'text' });
  });

  it('is recognised whatever copy of the package it is from', () => {
    const foreign = Object.assign(new Error('from elsewhere'), {
      [Symbol.for('@stowage/transfer:DoNotRetry')]: true,
    });
    expect(isDoNotRetry(foreign)).toBe(true);
    for (const other of [new Error('x'), new StowageError('DENIED', 'x'), undefined, null, 'x']) {
      expect(isDoNotRetry(other)).toBe(false);
    }
  });
});
