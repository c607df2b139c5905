import { StowageError } from '../error/errors.ts';

/** A moment as Go's `time.Time` holds it, with the zone it was written in. */
export interface GoTime {
  /** Whole seconds since 1970-01-01T00:00:00Z, negative before. */
  readonly seconds: number;
  /** The rest, 0 to 999,999,999. */
  readonly nanoseconds: number;
  /** How far the zone is east of UTC, in seconds. */
  readonly offset: number;
}

/**
 * Go's zero time as it is written: what documents have where no time was set.
 *
 * @example
 * ```ts
 * import { parseGoTime, ZERO_GO_TIME } from '@stowage/types';
 *
 * console.log(parseGoTime(ZERO_GO_TIME).seconds); // -62135596800
 * ```
 */
export const ZERO_GO_TIME = '0001-01-01T00:00:00Z';

/** The farthest from UTC that Go writes, in seconds. */
const LARGEST_OFFSET = 86_340;

/** Like Go's reader it takes hours of one digit and a comma before the fraction. */
const RFC3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d+))?(?:Z|([+-])(\d\d):(\d\d))$/;

/**
 * Parses a time of RFC 3339 as Go reads one out of JSON, to the nanosecond; further digits are cut off.
 *
 * @param text for example `2015-08-06T23:53:22.608577814Z`
 * @throws `INVALID_ARGUMENT` where it is none
 *
 * @example
 * ```ts
 * import { parseGoTime } from '@stowage/types';
 *
 * console.log(parseGoTime('1970-01-01T01:00:00.5+01:00'));
 * // { seconds: 0, nanoseconds: 500000000, offset: 3600 }
 * ```
 */
export function parseGoTime(text: string): GoTime {
  const match = RFC3339.exec(text);
  if (match === null) throw invalid(text);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [fraction = '', sign, zoneHours = '0', zoneMinutes = '0'] = match.slice(7);
  const offset = (Number(zoneHours) * 60 + Number(zoneMinutes)) * (sign === '-' ? -60 : 60);
  const isValid =
    between(month, 1, 12) &&
    between(day, 1, daysIn(year, month)) &&
    between(hour, 0, 23) &&
    between(minute, 0, 59) &&
    between(second, 0, 59) &&
    between(Number(zoneMinutes), 0, 60) &&
    between(Math.abs(offset), 0, LARGEST_OFFSET);
  if (!isValid) throw invalid(text);
  return {
    seconds:
      new Date(0).setUTCFullYear(year, month - 1, day) / 1000 + (hour * 60 + minute) * 60 + second - offset,
    nanoseconds: Number(fraction.slice(0, 9).padEnd(9, '0')),
    // Without this there would be a zone -0.
    offset: offset === 0 ? 0 : offset,
  };
}

/**
 * Writes a time as Go writes one into JSON (`RFC3339Nano`): no more digits than needed, `Z` for UTC.
 *
 * @param time the time, in the zone to write it in
 * @throws `INVALID_ARGUMENT` where a part is out of range or the year is not one of 0 to 9999
 *
 * @example
 * ```ts
 * import { formatGoTime } from '@stowage/types';
 *
 * console.log(formatGoTime({ seconds: 0, nanoseconds: 120_000_000, offset: 0 })); // 1970-01-01T00:00:00.12Z
 * ```
 */
export function formatGoTime({ seconds, nanoseconds, offset }: GoTime): string {
  const date = new Date((seconds + offset) * 1000);
  const isValid =
    Number.isInteger(seconds) &&
    Number.isInteger(nanoseconds) &&
    between(nanoseconds, 0, 999_999_999) &&
    Number.isInteger(offset / 60) &&
    between(Math.abs(offset), 0, LARGEST_OFFSET) &&
    between(date.getUTCFullYear(), 0, 9999);
  if (!isValid) throw invalid({ seconds, nanoseconds, offset });
  const fraction = nanoseconds === 0 ? '' : `.${pad(nanoseconds, 9).replace(/0+$/, '')}`;
  return date.toISOString().slice(0, 19) + fraction + formatZone(offset / 60);
}

/** The form in which Go writes a time that it has read. */
export function normalizeGoTime(text: string): string {
  return formatGoTime(parseGoTime(text));
}

/** Tells whether {@link parseGoTime} takes it. */
export function isGoTime(text: string): boolean {
  try {
    parseGoTime(text);
    return true;
  } catch {
    return false;
  }
}

function formatZone(minutes: number): string {
  if (minutes === 0) return 'Z';
  const distance = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${pad(Math.trunc(distance / 60), 2)}:${pad(distance % 60, 2)}`;
}

function daysIn(year: number, month: number): number {
  const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (month === 2) return isLeap ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function pad(value: number, digits: number): string {
  return String(value).padStart(digits, '0');
}

function invalid(value: unknown): StowageError {
  return new StowageError('INVALID_ARGUMENT', `invalid time ${JSON.stringify(value).slice(0, 80)}`);
}
