import { createProgressAggregate } from '@stowage/types';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TerminalProgress } from './terminal-progress.ts';
import { CapturedStream } from './test-support/captured-stream.ts';
import type { CapturedStreamInit } from './test-support/captured-stream.ts';
import { Screen } from './test-support/screen.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function setUp(init: CapturedStreamInit = {}) {
  const stream = new CapturedStream({ isTTY: true, ...init });
  const display = new TerminalProgress(stream);
  const step = (id: string, action: string, current?: number): void => {
    const counts = current === undefined ? {} : { current, total: 100 };
    display.update({ id, action, ...counts, phase: action === 'Pull complete' ? 'done' : 'downloading' });
  };
  return { stream, display, step, screen: () => new Screen().write(stream.text).lines };
}

describe('progress on a terminal', () => {
  it('has one line for each layer, drawn over in place', () => {
    const { display, step, screen } = setUp();
    display.update({ id: 'latest', message: 'Pulling from library/busybox' });
    step('aaa', 'Pulling fs layer');
    step('bbb', 'Waiting');
    vi.advanceTimersByTime(100);
    expect(screen()).toEqual([
      'latest: Pulling from library/busybox',
      'aaa: Pulling fs layer',
      'bbb: Waiting',
    ]);
    step('bbb', 'Downloading', 50);
    step('aaa', 'Pull complete');
    vi.advanceTimersByTime(100);
    expect(screen()).toEqual([
      'latest: Pulling from library/busybox',
      'aaa: Pull complete',
      'bbb: Downloading      50B/100B',
    ]);
  });

  it('shows the bar where the terminal is wide enough', () => {
    const { step, screen } = setUp({ columns: 120 });
    step('aaa', 'Downloading', 50);
    expect(screen()[0]).toBe(`aaa: Downloading [${'='.repeat(25)}>${' '.repeat(25)}]      50B/100B`);
  });

  it('draws at most ten times a second, and the latest state in the end', () => {
    const { stream, display, step, screen } = setUp();
    const write = vi.spyOn(stream, 'write');
    for (let current = 1; current <= 100; current += 1) {
      step('aaa', 'Downloading', current);
      vi.advanceTimersByTime(10);
    }
    const drawings = write.mock.calls.length;
    expect(drawings).toBeGreaterThan(5);
    expect(drawings).toBeLessThanOrEqual(11);
    display.finish();
    expect(screen()).toEqual(['aaa: Downloading     100B/100B']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves what is over above a message, and goes on below it', () => {
    const { display, step, screen } = setUp();
    step('aaa', 'Pull complete');
    display.update({ id: '', message: 'Digest: sha256:0' });
    step('aaa', 'Already exists');
    display.finish();
    expect(screen()).toEqual(['aaa: Pull complete', 'Digest: sha256:0', 'aaa: Already exists']);
  });

  it('never wraps a line', () => {
    const { step, screen } = setUp({ columns: 20 });
    step('aaa', 'A very long description of what is done', 50);
    expect(screen()[0]?.length).toBeLessThan(20);
  });

  it('shows only what is under way where there are more layers than lines, and all in the end', () => {
    const { display, step, screen } = setUp({ rows: 4 });
    const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
    for (const id of ids) step(id, id < 'c' ? 'Pull complete' : 'Waiting');
    vi.advanceTimersByTime(100);
    expect(screen()).toEqual(['c: Waiting', 'd: Waiting', 'e: Waiting']);
    for (const id of ids) step(id, 'Pull complete');
    display.finish();
    expect(screen()).toEqual(ids.map((id) => `${id}: Pull complete`));
  });

  it('writes nothing where nothing happened', () => {
    const { stream, display } = setUp();
    display.update({ id: 'aaa', aux: {} });
    display.finish();
    expect(stream.text).toBe('');
  });

  describe('of the whole', () => {
    /** A display that is told of each step and then of the whole, as a pull tells of it, by a clock of its own. */
    function setUpWhole(init: CapturedStreamInit = {}) {
      const setting = setUp(init);
      let now = 0;
      const aggregate = createProgressAggregate({ clock: { now: () => now } });
      const step = (id: string, action: string, current?: number): void => {
        const phase = action === 'Pull complete' ? 'done' : 'downloading';
        const counts = current === undefined ? {} : { current, total: 100_000 };
        const progress = { id, action, ...counts, phase } as const;
        setting.display.update(progress);
        setting.display.observe(aggregate.feed(progress));
      };
      const pass = (milliseconds: number): void => {
        now += milliseconds;
        vi.advanceTimersByTime(milliseconds);
      };
      for (const id of ['aaa', 'bbb']) aggregate.declare(id, 100_000);
      return { ...setting, step, pass };
    }

    it('is a last line with bytes, rate and the time that is left', () => {
      const { step, pass, screen } = setUpWhole();
      step('aaa', 'Downloading', 0);
      for (let second = 1; second <= 5; second += 1) {
        pass(1000);
        step('aaa', 'Downloading', second * 10_000);
      }
      pass(100);
      expect(screen()).toEqual(['aaa: Downloading     50kB/100kB', 'Total: 50kB/200kB, 11.03kB/s, 14s left']);
    });

    it('is gone when all is here, and does not stay on the screen', () => {
      const { display, step, pass, screen } = setUpWhole();
      step('aaa', 'Downloading', 40_000);
      pass(100);
      expect(screen().at(-1)).toMatch(/^Total: 40kB/);
      step('aaa', 'Pull complete');
      display.finish();
      expect(screen()).toEqual(['aaa: Pull complete']);
    });

    it('gives its room back, and takes its room from the layers', () => {
      const { step, pass, screen } = setUpWhole({ rows: 3 });
      step('aaa', 'Downloading', 40_000);
      step('bbb', 'Downloading', 40_000);
      pass(100);
      expect(screen()).toEqual(['aaa: Downloading     40kB/100kB', expect.stringMatching(/^Total: 80kB/)]);
      step('aaa', 'Pull complete');
      step('bbb', 'Pull complete');
      pass(100);
      expect(screen()).toEqual(['aaa: Pull complete', 'bbb: Pull complete']);
    });

    it('never wraps', () => {
      const { step, pass, screen } = setUpWhole({ columns: 12 });
      step('aaa', 'Downloading', 40_000);
      pass(100);
      expect(screen().at(-1)).toBe('Total: 40kB');
    });
  });
});
