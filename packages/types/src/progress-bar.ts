import type { Progress } from './progress.ts';

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];

/**
 * A number of bytes as docker writes it: base 1000, four significant digits.
 *
 * @param bytes how many
 *
 * @example
 * ```ts
 * import { formatBytes } from '@stowage/types';
 *
 * console.log(formatBytes(3_402_645)); // 3.403MB
 * ```
 */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${String(Number(value.toPrecision(4)))}${UNITS[unit] ?? ''}`;
}

/**
 * The bar and the numbers that docker shows for one step of progress; empty when there is nothing to show.
 *
 * @param progress the step
 * @param width of the terminal, in columns; up to 110 the bar is left out
 *
 * @example
 * ```ts
 * import { formatProgressBar } from '@stowage/types';
 *
 * console.log(formatProgressBar({ id: 'a', current: 50, total: 100 }, 80)); // "     50B/100B"
 * ```
 */
export function formatProgressBar(progress: Progress, width: number): string {
  const { current = 0, total = 0, units = '', hideCounts = false } = progress;
  if (current <= 0 && total <= 0) return '';
  if (total <= 0) return units === '' ? padded(formatBytes(current)) : `${String(current)} ${units}`;
  const filled = Math.min(50, Math.floor(Math.trunc((current / total) * 100) / 2));
  const bar = width > 110 ? `[${'='.repeat(filled)}>${' '.repeat(50 - filled)}] ` : '';
  if (hideCounts) return bar;
  return bar + (units === '' ? byteCounts(current, total) : unitCounts(current, total, units));
}

function byteCounts(current: number, total: number): string {
  return current > total
    ? padded(formatBytes(current))
    : `${padded(formatBytes(current))}/${formatBytes(total)}`;
}

function unitCounts(current: number, total: number, units: string): string {
  return current > total ? `${String(current)} ${units}` : `${String(current)}/${String(total)} ${units}`;
}

function padded(text: string): string {
  return text.padStart(8);
}
