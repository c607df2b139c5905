import { describe, expect, it } from 'vitest';
import { createProgressThrottle } from './progress-throttle.ts';
import type { ProgressThrottle } from './progress-throttle.ts';
import type { Progress } from './progress.ts';

const KIB = 1024;

interface Subject {
  readonly throttle: ProgressThrottle;
  readonly told: Progress[];
  /** The counts that were told, with `!` for the last. */
  readonly counts: () => string;
  readonly tick: (milliseconds: number) => void;
}

function create(total?: number): Subject {
  const told: Progress[] = [];
  let now = 1_000_000;
  const throttle = createProgressThrottle((progress) => told.push(progress), {
    id: 'a',
    action: 'Downloading',
    phase: 'downloading',
    clock: { now: () => now },
    ...(total === undefined ? {} : { total }),
  });
  return {
    throttle,
    told,
    counts: () =>
      told.map(({ current, lastUpdate }) => `${String(current)}${lastUpdate ? '!' : ''}`).join(' '),
    tick: (milliseconds) => {
      now += milliseconds;
    },
  };
}

describe('createProgressThrottle', () => {
  it('tells what the work is called', () => {
    const { throttle, told } = create(1000);
    throttle.update(500);
    throttle.finish();
    const step = { id: 'a', action: 'Downloading', phase: 'downloading', current: 500, total: 1000 };
    expect(told).toEqual([step, { ...step, lastUpdate: true }]);
    const plain: Progress[] = [];
    createProgressThrottle((progress) => plain.push(progress), { id: '', action: 'x' }).finish();
    expect(plain).toEqual([{ id: '', action: 'x', current: 0, total: 0, lastUpdate: true }]);
  });

  it('waits for more than 1 % of the total', () => {
    const { throttle, counts, tick } = create(10_000);
    for (const current of [100, 101, 201, 202, 303]) {
      throttle.update(current);
      tick(100);
    }
    expect(counts()).toBe('101 202 303');
  });

  it('waits for more than 512 KiB of a large total, and of one that is not known', () => {
    for (const total of [1024 ** 3, undefined, 0]) {
      const { throttle, counts, tick } = create(total);
      for (const current of [512 * KIB, 512 * KIB + 1, 1024 * KIB, 1024 * KIB + 2]) {
        throttle.update(current);
        tick(100);
      }
      expect(counts()).toBe(`${String(512 * KIB + 1)} ${String(1024 * KIB + 2)}`);
    }
  });

  it('rounds 1 % down', () => {
    const { throttle, counts, tick } = create(99);
    for (const current of [1, 1, 2]) {
      throttle.update(current);
      tick(100);
    }
    expect(counts()).toBe('1 2');
  });

  it('tells no more than one in 100 ms, and does not make up for what it did not tell', () => {
    const { throttle, counts, tick } = create(1000);
    throttle.update(100);
    tick(99);
    throttle.update(200);
    tick(1);
    // Due again only after more than 1 % since 200.
    throttle.update(210);
    throttle.update(211);
    throttle.update(400);
    tick(250);
    throttle.update(500);
    throttle.update(600);
    expect(counts()).toBe('100 211 500');
  });

  it('tells that the total was reached, and the end, at any time', () => {
    const { throttle, counts } = create(1000);
    throttle.update(500);
    throttle.update(700);
    throttle.update(1000);
    throttle.finish();
    expect(counts()).toBe('500 1000 1000!');
  });

  it('tells the end where less came than was due', () => {
    const { throttle, counts } = create(1000);
    throttle.update(5);
    throttle.finish();
    expect(counts()).toBe('5!');
  });

  it('fills the bar when it is closed early, once', () => {
    const { throttle, counts } = create(1000);
    throttle.update(500);
    throttle.close();
    throttle.close();
    expect(counts()).toBe('500 1000');
    const unknown = create();
    unknown.throttle.update(5);
    unknown.throttle.close();
    expect(unknown.counts()).toBe('');
  });

  it('counts anew when the work begins again', () => {
    const { throttle, counts, tick } = create(1000);
    throttle.update(900);
    tick(100);
    throttle.update(0);
    throttle.update(10);
    throttle.update(11);
    expect(counts()).toBe('900 11');
  });

  it('is not silenced by a clock that is set back', () => {
    const { throttle, counts, tick } = create(1000);
    throttle.update(100);
    tick(-3_600_000);
    throttle.update(200);
    throttle.update(300);
    tick(100);
    throttle.update(400);
    expect(counts()).toBe('100 200 400');
  });
});
