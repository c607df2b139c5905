import type { AbortOptions, Clock } from '@stowage/types';
import { isStowageError } from '@stowage/types';

/** How often and for how long requests are tried. */
export interface RetryOptions {
  /** How often a request is sent at most. Default 3. */
  readonly attempts?: number | undefined;
  /** The wait before the second attempt, milliseconds; it doubles with each that follows. Default 500. */
  readonly firstDelay?: number | undefined;
  /** The longest wait, milliseconds, whatever the server says. Default 60,000. */
  readonly longestDelay?: number | undefined;
  /** How long after the first attempt the last one may begin, milliseconds. Default 300,000. */
  readonly deadline?: number | undefined;
}

/** What tells time and rolls the dice for retries. */
export interface RetryDeps {
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  readonly retry?: RetryOptions | undefined;
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
 * Makes attempts, three at most by default: again when one asks for it, and again when the connection broke or stood
 * still. Between them it waits as long as the server said, 60 s at most, else half a second doubling, with jitter. None
 * begins later than five minutes after the first.
 *
 * @param attempt one try; `mayWait` tells whether another may follow, after a delay in milliseconds where the server
 *   wants one. Without that it must not ask for one
 * @param options `replayable` says whether the request can be sent more than once. Default `true`
 */
export async function withRetries<T>(
  { clock, random, retry = {} }: RetryDeps,
  attempt: (mayWait: (delay?: number) => boolean) => Promise<T | TryAgain>,
  options: AbortOptions & { readonly replayable?: boolean | undefined },
): Promise<T> {
  const { attempts = 3, firstDelay = 500, longestDelay = 60_000, deadline = 300_000 } = retry;
  const { replayable = true, signal } = options;
  const begun = clock.now();
  for (let tries = 1; ; tries++) {
    const backoff = firstDelay * 2 ** (tries - 1) * (0.5 + random() / 2);
    const waitFor = (delay = backoff): number => Math.min(delay, longestDelay);
    const mayWait = (delay?: number): boolean =>
      replayable && tries < attempts && clock.now() - begun + waitFor(delay) <= deadline;
    const outcome = await attempt(mayWait).catch((error: unknown) => {
      if (!isBroken(error) || !mayWait()) throw error;
      return new TryAgain(undefined);
    });
    if (!(outcome instanceof TryAgain)) return outcome;
    await clock.sleep(waitFor(outcome.delay), { signal });
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

/** Whether the connection broke, or nothing came over it any more. */
function isBroken(error: unknown): boolean {
  return isStowageError(error) && (error.reason === 'reset' || error.reason === 'stalled');
}
