import type { Clock } from '../clock.ts';
import type { Phase, Progress, ProgressOutput } from './progress.ts';

/** What the counted work is called. */
export interface ProgressThrottleInit {
  readonly id: string;
  readonly action: string;
  readonly phase?: Phase | undefined;
  /** How many bytes there are in all; 0 where that is unknown. Default 0. */
  readonly total?: number | undefined;
  /** Tells the time. Default: the system's. */
  readonly clock?: Pick<Clock, 'now'> | undefined;
}

/** Tells of counted work, and not too often. */
export interface ProgressThrottle {
  /** Takes the count so far, in bytes. One that is lower than before begins a new count. */
  readonly update: (current: number) => void;
  /** The work is done: tells the last count, whatever was told before, with `lastUpdate`. */
  readonly finish: () => void;
  /** Ends the work early: where the total was not reached, it is told as if it had been. */
  readonly close: () => void;
}

/** Bytes that pass between two steps, unless 1 % of the total is less. */
const MAX_STEP = 512 * 1024;
/** Milliseconds between two steps. */
const INTERVAL = 100;

/**
 * Turns a running count of bytes into steps of progress, by the rules of moby's progress reader: a step once more than
 * 512 KiB, or 1 % of the total where that is less, has passed; then no more than one in 100 ms, except the one that
 * reaches the total and the last.
 *
 * @param output where progress goes
 * @param init what the work is called
 *
 * @example
 * ```ts
 * import { createProgressThrottle } from '@stowage/types';
 *
 * const steps: (number | undefined)[] = [];
 * const throttle = createProgressThrottle(({ current }) => steps.push(current), {
 *   id: '0123456789ab',
 *   action: 'Downloading',
 *   total: 1000,
 *   clock: { now: () => 0 },
 * });
 * for (let current = 1; current <= 1000; current += 1) throttle.update(current);
 * throttle.finish();
 * console.log(steps); // [ 11, 1000 ]
 * ```
 */
export function createProgressThrottle(output: ProgressOutput, init: ProgressThrottleInit): ProgressThrottle {
  const { id, action, phase, total = 0, clock = Date } = init;
  const step = total > 0 ? Math.min(MAX_STEP, Math.trunc(total * 0.01)) : MAX_STEP;
  let current = 0;
  /** The count at which a step was last due, whether or not it was told. */
  let due = 0;
  let nextAt = -Infinity;

  function tell(last: boolean): void {
    const progress: Progress = {
      id,
      action,
      current,
      total,
      ...(phase === undefined ? {} : { phase }),
      ...(last ? { lastUpdate: true } : {}),
    };
    output(progress);
  }

  function mayTell(): boolean {
    if (current === total) return true;
    const now = clock.now();
    // A clock that was set back must not silence the progress.
    if (now < nextAt && now >= nextAt - INTERVAL) return false;
    nextAt = now + INTERVAL;
    return true;
  }

  return {
    update(count): void {
      if (count < current) due = count;
      current = count;
      if (current - due <= step) return;
      due = current;
      if (mayTell()) tell(false);
    },
    finish(): void {
      tell(true);
    },
    close(): void {
      if (current >= total) return;
      current = total;
      tell(false);
    },
  };
}
