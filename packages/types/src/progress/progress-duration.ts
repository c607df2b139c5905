const NANOSECONDS = 1_000_000n;
const SECOND = 1000n * NANOSECONDS;

/**
 * A length of time as Go's `time.Duration` prints it: `1m30s`, `1.5s`, `250ms`, `0s`.
 *
 * @param milliseconds how long; a fraction counts down to the nanosecond
 *
 * @example
 * ```ts
 * import { formatGoDuration } from '@stowage/types';
 *
 * console.log(formatGoDuration(90_000)); // 1m30s
 * ```
 */
export function formatGoDuration(milliseconds: number): string {
  const whole = Math.trunc(milliseconds);
  return formatNanoseconds(BigInt(whole) * NANOSECONDS + BigInt(Math.round((milliseconds - whole) * 1e6)));
}

/** The same for a count of nanoseconds. */
export function formatNanoseconds(nanoseconds: bigint): string {
  if (nanoseconds < 0n) return `-${formatNanoseconds(-nanoseconds)}`;
  if (nanoseconds === 0n) return '0s';
  if (nanoseconds < 1000n) return `${String(nanoseconds)}ns`;
  if (nanoseconds < NANOSECONDS) return `${decimal(nanoseconds, 3)}µs`;
  if (nanoseconds < SECOND) return `${decimal(nanoseconds, 6)}ms`;
  const minutes = nanoseconds / (60n * SECOND);
  const seconds = `${decimal(nanoseconds % (60n * SECOND), 9)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n
    ? `${String(minutes)}m${seconds}`
    : `${String(minutes / 60n)}h${String(minutes % 60n)}m${seconds}`;
}

/** A count with the decimal point so many places from its end, and no zeros after the last digit. */
function decimal(count: bigint, places: number): string {
  const text = String(count).padStart(places + 1, '0');
  const fraction = text.slice(-places).replace(/0+$/, '');
  const whole = text.slice(0, -places);
  return fraction === '' ? whole : `${whole}.${fraction}`;
}
