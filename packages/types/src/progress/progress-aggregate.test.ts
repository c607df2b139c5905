import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgressAggregate } from './progress-aggregate.ts';
import type { ProgressAggregate } from './progress-aggregate.ts';
import type { Phase } from './progress.ts';

const MB = 1_000_000;

interface Subject {
  readonly aggregate: ProgressAggregate;
  /** Feeds a step after so many milliseconds. */
  readonly step: (after: number, action: string, current?: number, total?: number, id?: string) => void;
  readonly wait: (milliseconds: number) => void;
}

function create(): Subject {
  let now = 1_000_000;
  const aggregate = createProgressAggregate({ clock: { now: () => now } });
  return {
    aggregate,
    step: (after, action, current, total, id = 'a') => {
      now += after;
      aggregate.feed({
        id,
        action,
        ...(current === undefined ? {} : { current }),
        ...(total === undefined ? {} : { total }),
      });
    },
    wait: (milliseconds) => {
      now += milliseconds;
    },
  };
}

describe('createProgressAggregate', () => {
  it('begins with nothing', () => {
    const snapshot = create().aggregate.snapshot();
    expect(snapshot).toMatchObject({ done: 0, total: 0, rate: 0, eta: 0, items: [] });
    expect(Object.values(snapshot.phases)).toEqual(Array.from({ length: 9 }, () => 0));
  });

  it('knows the total before the first byte', () => {
    const { aggregate } = create();
    aggregate.declare('a', 3 * MB);
    aggregate.declare('b', MB);
    expect(aggregate.snapshot()).toMatchObject({ done: 0, total: 4 * MB, rate: 0, eta: undefined });
    expect(aggregate.snapshot().phases.queued).toBe(2);
    aggregate.declare('b', 2 * MB);
    expect(aggregate.snapshot().total).toBe(5 * MB);
  });

  it.each([-1, NaN, Infinity, 2 ** 60])('refuses to declare %d bytes', (total) => {
    expect(() => {
      create().aggregate.declare('a', total);
    }).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }) as Error);
  });

  it('does not know the total while the size of an item is unknown', () => {
    const { aggregate, step } = create();
    aggregate.declare('b', MB);
    step(0, 'Pulling fs layer');
    expect(aggregate.snapshot()).toMatchObject({ total: undefined, eta: undefined });
    step(0, 'Downloading', 10, 100);
    expect(aggregate.snapshot()).toMatchObject({ total: MB + 100, done: 10 });
    step(0, 'Downloading', 50, undefined, 'c');
    expect(aggregate.snapshot()).toMatchObject({ total: undefined, done: 60 });
    // What is complete has the size that it came to.
    step(0, 'Download complete', undefined, undefined, 'c');
    expect(aggregate.snapshot()).toMatchObject({ total: MB + 150, done: 60 });
  });

  it('follows a layer through its phases', () => {
    const { aggregate, step } = create();
    aggregate.declare('a', 1000);
    const seen: [Phase | undefined, number][] = [];
    const steps: [string, number?, number?][] = [
      ['Pulling fs layer'],
      ['Waiting'],
      ['Downloading', 250, 1000],
      ['Retrying in 5 seconds'],
      ['Downloading', 500, 1000],
      ['Verifying Checksum'],
      ['Download complete'],
      ['Extracting', 100, 1000],
      ['Pull complete'],
    ];
    for (const [action, current, total] of steps) {
      step(100, action, current, total);
      const [item] = aggregate.snapshot().items;
      seen.push([item?.phase, item?.done ?? NaN]);
      expect(item?.action).toBe(action);
    }
    expect(seen).toEqual([
      ['queued', 0],
      ['queued', 0],
      ['downloading', 250],
      ['retrying', 250],
      ['downloading', 500],
      ['verifying', 1000],
      ['downloaded', 1000],
      ['extracting', 1000],
      ['done', 1000],
    ]);
    expect(aggregate.snapshot()).toMatchObject({ done: 1000, total: 1000, eta: 0 });
  });

  it('counts what was there as done, and not into the rate', () => {
    const { aggregate, step } = create();
    aggregate.declare('a', 100 * MB);
    step(0, 'Already exists');
    step(1000, 'Download complete', undefined, undefined, 'b');
    step(1000, 'Extracting', 10, 100, 'b');
    step(1000, 'Extracting', 20, 100, 'b');
    expect(aggregate.snapshot()).toMatchObject({ done: 100 * MB, total: 100 * MB, rate: 0, eta: 0 });
    expect(aggregate.snapshot().phases).toMatchObject({ existing: 1, extracting: 1, queued: 0 });
  });

  it('counts unpacking where nothing is downloaded', () => {
    const { aggregate, step } = create();
    step(0, 'Loading layer', 0, 1000);
    step(1000, 'Loading layer', 400, 1000);
    expect(aggregate.snapshot()).toMatchObject({ done: 400, total: 1000 });
    step(0, 'Pull complete');
    expect(aggregate.snapshot()).toMatchObject({ done: 1000, total: 1000 });
  });

  it('counts what is pushed against what was declared', () => {
    const { aggregate, step } = create();
    aggregate.declare('a', 500);
    // Pushes count uncompressed bytes.
    step(0, 'Pushing', 1000, 2000);
    expect(aggregate.snapshot()).toMatchObject({ done: 250, total: 500 });
    step(0, 'Pushing', 3000, 2000);
    expect(aggregate.snapshot().done).toBe(500);
    step(0, 'Pushed');
    expect(aggregate.snapshot()).toMatchObject({ done: 500, total: 500 });
  });

  it('tells the rate of an even flow, and what is left', () => {
    const { aggregate, step } = create();
    aggregate.declare('a', 100 * MB);
    for (let current = 0; current <= 30 * MB; current += MB / 10) step(100, 'Downloading', current, 100 * MB);
    const { rate, eta } = aggregate.snapshot();
    expect(rate / MB).toBeGreaterThan(0.97);
    expect(rate / MB).toBeLessThan(1.03);
    expect(eta).toBeCloseTo((70 * MB) / rate, 5);
  });

  it('follows a change within seconds', () => {
    const { aggregate, step } = create();
    let current = 0;
    for (let second = 0; second < 20; second += 1) step(1000, 'Downloading', (current += 10 * MB), 10 ** 12);
    for (let second = 0; second < 20; second += 1) step(1000, 'Downloading', (current += MB), 10 ** 12);
    const { rate } = aggregate.snapshot();
    expect(rate / MB).toBeGreaterThan(0.9);
    expect(rate / MB).toBeLessThan(1.5);
  });

  it('says nothing of what is left while the work stands still', () => {
    const { aggregate, step, wait } = create();
    step(0, 'Downloading', 0, 100 * MB);
    for (let second = 1; second <= 10; second += 1) step(1000, 'Downloading', second * MB, 100 * MB);
    expect(aggregate.snapshot().eta).toBeGreaterThan(80);
    wait(30_000);
    expect(aggregate.snapshot().rate).toBeLessThan(10_000);
    wait(300_000);
    expect(aggregate.snapshot()).toMatchObject({ eta: undefined, done: 10 * MB });
  });

  it('says nothing in the first moments', () => {
    const { aggregate, step } = create();
    step(0, 'Downloading', 0, 100 * MB);
    step(100, 'Downloading', MB, 100 * MB);
    expect(aggregate.snapshot()).toMatchObject({ rate: 0, eta: undefined });
    step(200, 'Downloading', 2 * MB, 100 * MB);
    expect(aggregate.snapshot().rate).toBeGreaterThan(0);
  });

  it('takes the beginning of a resumed download for an earlier attempt', () => {
    const { aggregate, step } = create();
    aggregate.declare('a', 1000 * MB);
    step(0, 'Downloading', 900 * MB, 1000 * MB);
    step(1000, 'Downloading', 901 * MB, 1000 * MB);
    const { rate, done } = aggregate.snapshot();
    expect(done).toBe(901 * MB);
    expect(rate / MB).toBeLessThan(1.2);
  });

  it('stands counts that go back and totals that change', () => {
    const { aggregate, step } = create();
    step(0, 'Downloading', 0, 1000);
    step(1000, 'Downloading', 800, 1000);
    const before = aggregate.snapshot().rate;
    step(1000, 'Downloading', 100, 1000);
    expect(aggregate.snapshot().done).toBe(100);
    expect(aggregate.snapshot().rate).toBeLessThan(before);
    step(0, 'Downloading', 400, 500);
    expect(aggregate.snapshot()).toMatchObject({ done: 400, total: 500 });
    aggregate.declare('a', 50);
    expect(aggregate.snapshot()).toMatchObject({ done: 50, total: 50 });
    step(0, 'Downloading', NaN, 500);
    step(0, 'Downloading', -5, 500);
    expect(aggregate.snapshot()).toMatchObject({ done: 50, total: 50 });
    step(0, 'Pull complete');
    aggregate.declare('a', 80);
    expect(aggregate.snapshot()).toMatchObject({ done: 80, total: 80 });
  });

  it('counts bytes only, and leaves messages out', () => {
    const { aggregate } = create();
    aggregate.feed({ id: 'latest', message: 'Pulling from library/busybox' });
    aggregate.feed({ id: '', aux: { Tag: 't' } });
    expect(aggregate.snapshot().items).toEqual([]);
    const { done, items } = aggregate.feed({
      id: 'a',
      action: 'Downloading',
      current: 5,
      total: 9,
      units: 'files',
    });
    expect([done, items.length]).toEqual([0, 1]);
    // Words that are nobody's leave the phase as it was.
    expect(aggregate.feed({ id: 'a', action: 'Thinking' }).phases.downloading).toBe(1);
    expect(aggregate.feed({ id: 'a', action: 'Thinking', phase: 'done' }).phases.done).toBe(1);
  });

  it('is fit to show whatever it is fed', () => {
    const id = fc.constantFrom('a', 'b', 'c');
    const number = fc.option(
      fc.oneof(fc.nat(10_000), fc.double(), fc.constantFrom(0, -1, Number.MAX_SAFE_INTEGER)),
      { nil: undefined },
    );
    const action = fc.constantFrom(
      'Waiting',
      'Downloading',
      'Verifying Checksum',
      'Download complete',
      'Extracting',
      'Pull complete',
      'Already exists',
      'Pushing',
      'Retrying in 1 second',
      'other',
    );
    const event = fc.oneof(
      fc.record({ kind: fc.constant('declare' as const), id, total: fc.nat(20_000) }),
      fc.record({
        kind: fc.constant('feed' as const),
        id,
        action,
        current: number,
        total: number,
        after: fc.integer({ min: -500, max: 5000 }),
      }),
    );
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const { aggregate, step } = create();
        for (const one of events) {
          if (one.kind === 'declare') aggregate.declare(one.id, one.total);
          else step(one.after, one.action, one.current, one.total, one.id);
          const { phases, done, total, rate, eta, items } = aggregate.snapshot();
          expect(Object.values(phases).reduce((sum, count) => sum + count, 0)).toBe(items.length);
          for (const item of [...items, { done, total }]) {
            expect(item.done).toBeGreaterThanOrEqual(0);
            if (item.total !== undefined) expect(item.done).toBeLessThanOrEqual(item.total * (1 + 1e-9));
          }
          expect(Number.isFinite(rate) && rate >= 0).toBe(true);
          expect(eta === undefined || (Number.isFinite(eta) && eta >= 0)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('asks the system for the time where no clock is given', () => {
    const aggregate = createProgressAggregate();
    expect(aggregate.feed({ id: 'a', action: 'Downloading', current: 1, total: 2 })).toMatchObject({
      done: 1,
    });
  });
});
