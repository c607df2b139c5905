import { formatNanoseconds } from './progress-duration.ts';
import { formatBytes } from './progress-size.ts';
import type { Progress } from './progress.ts';

/** What a bar is drawn of: the numbers of one step of progress. */
export interface ProgressCounts extends Pick<Progress, 'current' | 'total' | 'units' | 'hideCounts'> {
  /** When the work began, in whole seconds since the epoch; the time that is left is shown where this is set. */
  readonly start?: number;
}

/** What a bar needs beside its numbers. */
export interface ProgressBarOptions {
  /** The time now, in milliseconds since the epoch. Default: the system's. */
  readonly now?: number | undefined;
}

/** Up to so many columns there is no bar. */
const WIDTH_OF_BAR = 110;
/** Up to so many columns the time that is left is not shown. */
const WIDTH_OF_TIME = 50;
/** How many signs a full bar has. */
const FULL = 50;

const SECOND = 1_000_000_000n;

/**
 * The bar and the numbers that docker shows for one step of progress; empty when there is nothing to show.
 *
 * @param progress the step
 * @param width of the terminal, in columns; up to 110 the bar is left out
 * @param options the time, where the step says when it began
 *
 * @example
 * ```ts
 * import { formatProgressBar } from '@stowage/types';
 *
 * console.log(formatProgressBar({ current: 50, total: 100 }, 80)); // "     50B/100B"
 * ```
 */
export function formatProgressBar(
  progress: ProgressCounts,
  width: number,
  options: ProgressBarOptions = {},
): string {
  const { current = 0, total = 0, units = '', hideCounts = false, start = 0 } = progress;
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return units === '' ? padded(formatBytes(current)) : `${String(current)} ${units}`;
  // Half of the whole percents, and no more than a full bar however wrong the numbers are.
  const filled = Math.max(0, Math.min(FULL, Math.trunc(Math.trunc((current / total) * 100) / 2)));
  const bar = width > WIDTH_OF_BAR ? `[${'='.repeat(filled)}>${' '.repeat(FULL - filled)}] ` : '';
  const counts = units === '' ? byteCounts(current, total) : unitCounts(current, total, units);
  const timed = current > 0 && start > 0 && filled < FULL && width > WIDTH_OF_TIME;
  const left = timed ? ` ${timeLeft(current, total, start, options.now ?? Date.now())}` : '';
  return `${bar}${hideCounts ? '' : counts}${left}`;
}

function byteCounts(current: number, total: number): string {
  return current > total
    ? padded(formatBytes(current))
    : `${padded(formatBytes(current))}/${formatBytes(total)}`;
}

function unitCounts(current: number, total: number, units: string): string {
  return current > total ? `${String(current)} ${units}` : `${String(current)}/${String(total)} ${units}`;
}

/** What is left, at the pace so far, in whole seconds; counted as Go counts, in 64 bits. */
function timeLeft(current: number, total: number, start: number, now: number): string {
  const sinceStart = BigInt(Math.round((now - start * 1000) * 1e6));
  const forEach = sinceStart / BigInt(Math.trunc(current));
  const left = BigInt.asIntN(64, BigInt(Math.trunc(total - current)) * forEach);
  return formatNanoseconds((left / SECOND) * SECOND);
}

function padded(text: string): string {
  return text.padStart(8);
}
