import { StowageError } from '../error/errors.ts';
import type { Clock } from '../clock.ts';
import { phaseOf } from './progress-phase.ts';
import { ProgressRate } from './progress-rate.ts';
import type { Phase, Progress } from './progress.ts';

/** Where one item of the work stands. */
export interface ProgressItem {
  readonly id: string;
  readonly phase: Phase;
  /** Docker's words for what is being done; empty for what was only declared. */
  readonly action: string;
  /** Bytes that are here, or there after a push. Never more than `total`. */
  readonly done: number;
  /** Bytes in all, where that is known. */
  readonly total: number | undefined;
}

/** Where the work stands as a whole. */
export interface ProgressSnapshot {
  /** How many items are in each phase. */
  readonly phases: Readonly<Record<Phase, number>>;
  /** Bytes that are here, or there after a push, what was there before included. */
  readonly done: number;
  /** Bytes in all; `undefined` while the size of an item is not known. */
  readonly total: number | undefined;
  /** Bytes in a second, smoothed. What was there before does not count. */
  readonly rate: number;
  /** Seconds that are left at this rate; `undefined` where nothing can be said. */
  readonly eta: number | undefined;
  /** In the order in which they became known. */
  readonly items: readonly ProgressItem[];
}

/** What an aggregate works with. */
export interface ProgressAggregateInit {
  /** Tells the time. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** Adds the progress of many items up. */
export interface ProgressAggregate {
  /**
   * Says how many bytes an item has, as its manifest does, before anything is heard of it. What progress says of its
   * total is scaled to that. May be said again. `INVALID_ARGUMENT` unless it is a number of at least 0.
   */
  declare(id: string, total: number): void;
  /** Takes a step of progress, whatever its numbers, and tells where the work stands. Messages change nothing. */
  feed(progress: Progress): ProgressSnapshot;
  /** Tells where the work stands now. */
  snapshot(): ProgressSnapshot;
}

interface Item {
  phase: Phase;
  action: string;
  /** What a manifest says. */
  declared: number | undefined;
  /** What progress says. */
  counted: number | undefined;
  done: number;
  /** What the counted bytes are for; nothing is counted of what was there from the start. */
  work: 'none' | 'transfer' | 'unpacking' | 'complete';
  /** Whether a count of bytes has come. */
  seen: boolean;
}

const NO_PHASES: Readonly<Record<Phase, number>> = {
  queued: 0,
  downloading: 0,
  verifying: 0,
  downloaded: 0,
  extracting: 0,
  uploading: 0,
  retrying: 0,
  existing: 0,
  done: 0,
};

/** Phases in which all bytes of an item have come. */
const COMPLETE: ReadonlySet<Phase> = new Set(['verifying', 'downloaded', 'existing', 'done']);

/** What is counted in a phase. */
const WORK_OF_PHASE: Readonly<Partial<Record<Phase, Item['work']>>> = {
  downloading: 'transfer',
  uploading: 'transfer',
  extracting: 'unpacking',
};

/** The first count of an item that is higher tells of an earlier attempt, and not of bytes that came just now. */
const MAX_FIRST_STEP = 1024 * 1024;

/**
 * Adds the progress of many items up: phases, bytes, rate and the time that is left. Counts that go back, totals that
 * change and clocks that are set back do no harm: no number of a snapshot is negative, and `done` is never more than
 * `total`.
 *
 * @param init tells the time
 *
 * @example
 * ```ts
 * import { createProgressAggregate } from '@stowage/types';
 *
 * let now = 0;
 * const aggregate = createProgressAggregate({ clock: { now: () => now } });
 * aggregate.declare('a', 3000);
 * aggregate.feed({ id: 'a', action: 'Downloading', current: 0, total: 3000 });
 * now = 1000;
 * const { done, total, phases } = aggregate.feed({ id: 'a', action: 'Downloading', current: 1000, total: 3000 });
 * console.log(done, total, phases.downloading); // 1000 3000 1
 * ```
 */
export function createProgressAggregate({ clock = Date }: ProgressAggregateInit = {}): ProgressAggregate {
  return new Aggregate(clock);
}

class Aggregate implements ProgressAggregate {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #items = new Map<string, Item>();
  readonly #rate = new ProgressRate();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  declare(id: string, total: number): void {
    if (!isCount(total)) throw new StowageError('INVALID_ARGUMENT', `not a number of bytes: ${total}`);
    const item = this.#item(id);
    item.declared = total;
    item.done = COMPLETE.has(item.phase) ? total : Math.min(item.done, total);
  }

  feed(progress: Progress): ProgressSnapshot {
    const { id, action = '', message = '' } = progress;
    if (message === '' && action !== '') this.#take(this.#item(id), action, progress);
    return this.snapshot();
  }

  snapshot(): ProgressSnapshot {
    const phases: Record<Phase, number> = { ...NO_PHASES };
    let done = 0;
    let total: number | undefined = 0;
    const items: ProgressItem[] = [];
    for (const [id, item] of this.#items) {
      const size = totalOf(item);
      phases[item.phase] += 1;
      done += item.done;
      total = total === undefined || size === undefined ? undefined : total + size;
      items.push({ id, phase: item.phase, action: item.action, done: item.done, total: size });
    }
    const rate = this.#rate.at(this.#clock.now());
    return { phases, done, total, rate, eta: etaOf(done, total, rate), items };
  }

  #item(id: string): Item {
    const item = this.#items.get(id) ?? {
      phase: 'queued',
      action: '',
      declared: undefined,
      counted: undefined,
      done: 0,
      work: 'none',
      seen: false,
    };
    this.#items.set(id, item);
    return item;
  }

  #take(item: Item, action: string, progress: Progress): void {
    item.phase = phaseOf(progress) ?? item.phase;
    item.action = action;
    if (item.phase === 'downloading' || item.phase === 'uploading') item.work = 'transfer';
    // An archive is unpacked without a download before it: then that is the work.
    else if (item.phase === 'extracting' && item.work === 'none') item.work = 'unpacking';
    if (COMPLETE.has(item.phase)) this.#complete(item);
    else if (item.work === WORK_OF_PHASE[item.phase] && (progress.units ?? '') === '')
      this.#count(item, progress);
  }

  #count(item: Item, { current = 0, total = 0 }: Progress): void {
    if (!isCount(current)) return;
    const known = isCount(total) && total > 0 ? total : undefined;
    item.counted = known ?? item.counted;
    const size = totalOf(item);
    const share = size === undefined ? current : Math.min(1, current / (known ?? Math.max(1, size))) * size;
    this.#move(item, share, item.seen || current <= MAX_FIRST_STEP);
    item.seen = true;
  }

  #complete(item: Item): void {
    const size = totalOf(item) ?? item.done;
    item.counted ??= size;
    // What was never seen on its way has not come just now.
    this.#move(item, size, item.seen && item.phase !== 'existing');
    item.work = 'complete';
  }

  #move(item: Item, done: number, moved: boolean): void {
    const now = this.#clock.now();
    if (moved) this.#rate.add(Math.max(0, done - item.done), now);
    else this.#rate.begin(now);
    item.done = done;
  }
}

function totalOf({ declared, counted }: Item): number | undefined {
  return declared ?? counted;
}

function etaOf(done: number, total: number | undefined, rate: number): number | undefined {
  if (total === undefined) return undefined;
  if (done >= total) return 0;
  // Less than a byte in a second is no rate: the work stands still.
  return rate < 1 ? undefined : (total - done) / rate;
}

function isCount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
