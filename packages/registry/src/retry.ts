import type { AbortOptions, Clock } from '@stowage/types';
import { isStowageError } from '@stowage/types';

/** How often a request is sent at most. */
const ATTEMPTS = 3;
const FIRST_DELAY = 500;
/** The longest that a server may have us wait, milliseconds. */
const LONGEST_DELAY = 60_000;

/** What tells time and rolls the dice for retries. */
export interface RetryDeps {
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** What an attempt answers that wants another one. */
export class TryAgain {
  /** Milliseconds to wait, where the server said so. */
  readonly delay: number | undefined;

  constructor(delay: number | undefined) {
    this.delay = delay;
  }
}

/** Statuses after which the same request may well succeed. */
export function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}

/**
 * Makes up to three attempts: again when one asks for it, and again when the connection broke. Between them it waits
 * as long as the server said, 60 s at most, else half a second doubling, with jitter.
 *
 * @param attempt one try; told whether it is the last, when it must not ask for another
 */
export async function withRetries<T>(
  { clock, random }: RetryDeps,
  attempt: (last: boolean) => Promise<T | TryAgain>,
  options: AbortOptions,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    const last = tries >= ATTEMPTS;
    const outcome = await attempt(last).catch((error: unknown) => {
      if (last || !isReset(error)) throw error;
      return new TryAgain(undefined);
    });
    if (!(outcome instanceof TryAgain)) return outcome;
    const backoff = FIRST_DELAY * 2 ** (tries - 1) * (0.5 + random() / 2);
    await clock.sleep(Math.min(outcome.delay ?? backoff, LONGEST_DELAY), options);
  }
}

/**
 * Reads a `Retry-After` header (RFC 9110, section 10.2.3): seconds or a date.
 *
 * @returns milliseconds from `now`; `undefined` where the header is missing or malformed
 */
export function retryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  const at = /^[A-Za-z]+, .* GMT$/.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
}

function isReset(error: unknown): boolean {
  return isStowageError(error, 'UNAVAILABLE') && error.reason === 'reset';
}
