import { discardProgress } from '@stowage/types';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deferred } from './deferred.ts';
import type { Deferred } from './deferred.ts';
import { turns } from '../test-support/turns.ts';
import { createTransferManager } from './transfer-manager.ts';
import type { TransferContext, Watcher } from './transfer.ts';

interface Run {
  readonly key: string;
  readonly context: TransferContext;
  readonly end: Deferred<string>;
  ended: boolean;
  active: boolean;
}

type Step = { readonly kind: 'ask' | 'leave' | 'finish' | 'fail' | 'inactive'; readonly pick: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('ask', 'ask', 'leave', 'finish', 'fail', 'inactive'),
  pick: fc.nat(7),
});

/** Everything that a test can see of a manager while it does random things to it. */
class World {
  readonly limit: number;
  readonly runs: Run[] = [];
  readonly #watchers: { readonly key: string; readonly watcher: Watcher<string>; settled: boolean }[] = [];
  readonly #manager: ReturnType<typeof createTransferManager>;

  constructor(limit: number) {
    this.limit = limit;
    this.#manager = createTransferManager({ concurrency: limit });
  }

  get going(): readonly Run[] {
    return this.runs.filter((run) => !run.ended);
  }

  /** The keys that somebody wants and that have not been settled. */
  get wanted(): ReadonlySet<string> {
    return new Set(this.#watchers.filter(({ settled }) => !settled).map(({ key }) => key));
  }

  do({ kind, pick }: Step): void {
    if (kind === 'ask') this.ask(`key-${pick % 4}`);
    else if (kind === 'leave') this.leave(pick);
    else this.#touch(this.going[pick % Math.max(1, this.going.length)], kind);
  }

  ask(key: string): void {
    const job = (context: TransferContext): Promise<string> => {
      const run = { key, context, end: deferred<string>(), ended: false, active: true };
      this.runs.push(run);
      return run.end.promise;
    };
    const { watcher } = this.#manager.transfer(key, job, discardProgress);
    const entry = { key, watcher, settled: false };
    const settle = (): void => {
      entry.settled = true;
    };
    watcher.done.then(settle, settle);
    this.#watchers.push(entry);
  }

  leave(pick: number): void {
    const [entry] = this.#watchers.splice(pick % Math.max(1, this.#watchers.length), 1);
    void entry?.watcher.release();
  }

  leaveAll(): void {
    while (this.#watchers.length > 0) this.leave(0);
  }

  #touch(run: Run | undefined, kind: 'finish' | 'fail' | 'inactive'): void {
    if (run === undefined) return;
    run.active = false;
    if (kind === 'inactive') run.context.inactive();
    else run.ended = true;
    if (kind === 'finish') run.end.resolve('value');
    if (kind === 'fail') run.end.reject(new Error('failed'));
  }
}

function check(world: World): void {
  const active = world.going.filter((run) => run.active).length;
  const keys = world.going.map(({ key }) => key);
  expect(active).toBeLessThanOrEqual(world.limit);
  expect(new Set(keys).size).toBe(keys.length);
  // Whoever is wanted runs, unless all slots are taken or an earlier run of the key winds down.
  for (const key of world.wanted) expect(keys.includes(key) || active === world.limit).toBe(true);
  // Whoever runs is wanted, or was told to stop.
  for (const run of world.going) expect(world.wanted.has(run.key) || run.context.signal.aborted).toBe(true);
}

describe('any order of asking, leaving and ending', () => {
  it('keeps the limit, runs a key once at a time, starts what is wanted and stops what is not', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(step, { maxLength: 40 }),
        async (limit, steps) => {
          const world = new World(limit);
          for (const one of steps) {
            world.do(one);
            await turns();
            check(world);
          }
          world.leaveAll();
          while (world.going.length > 0) {
            world.do({ kind: 'finish', pick: 0 });
            await turns();
          }
          const before = world.runs.length;
          for (let key = 0; key < limit + 1; key += 1) world.ask(`after-${key}`);
          await turns();
          expect(world.runs.length - before).toBe(limit);
        },
      ),
      { numRuns: 150, seed: 20_10_27 },
    );
  });
});
