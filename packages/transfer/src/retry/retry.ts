import {
  firstFullError,
  isRegistryError,
  isStowageError,
  NO_RETRY_CODES,
  StowageError,
} from '@stowage/types';
import type { Clock, ProgressOutput } from '@stowage/types';
import { abortError } from '../shared/abort.ts';
import { isDoNotRetry } from './do-not-retry.ts';

/** What docker's `max-download-attempts` and its own number for uploads are. */
export const DEFAULT_MAX_ATTEMPTS = 5;

/** Seconds of delay that each failed attempt adds. */
const DELAY_STEP = 5;

/** How work is tried again. */
export interface RetryInit {
  /** What the progress is about. */
  readonly id: string;
  /** What the work is, for the error of one that is called off while it waits. */
  readonly noun: 'download' | 'upload';
  /** How many times to try again after the first try. */
  readonly retries: number;
  readonly clock: Clock;
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal;
}

/**
 * Runs `attempt` until it succeeds: at most `retries` times after the first. Before each the wait is 5 seconds longer,
 * counted down in progress.
 */
export async function withRetries<T>(attempt: () => Promise<T>, init: RetryInit): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (init.signal.aborted || failures > init.retries || !isWorthRetrying(error)) throw error;
      await countDown(failures * DELAY_STEP, init);
    }
  }
}

/**
 * Checks a number of attempts.
 *
 * @throws `INVALID_ARGUMENT` unless it is a whole number of at least `least`
 */
export function checkAttempts(maxAttempts: number, least: number): number {
  if (Number.isSafeInteger(maxAttempts) && maxAttempts >= least) return maxAttempts;
  throw new StowageError('INVALID_ARGUMENT', `maxAttempts must be a whole number of at least ${least}`);
}

/**
 * Whether an error leaves hope that another try goes better: a plain error may be anything, the network included; a
 * Stowage error knows, and a registry that says in full that it will not has its say first (moby's `retryOnError`).
 *
 * @param error what an attempt failed with
 *
 * @example
 * ```ts
 * import { isWorthRetrying } from '@stowage/transfer';
 * import { StowageError } from '@stowage/types';
 *
 * console.log(isWorthRetrying(new StowageError('DENIED', 'not for you'))); // false
 * console.log(isWorthRetrying(new Error('connection reset'))); // true
 * ```
 */
export function isWorthRetrying(error: unknown): boolean {
  if (isDoNotRetry(error)) return false;
  if (isRegistryError(error) && NO_RETRY_CODES.has(firstFullError(error.errors)?.code ?? '')) return false;
  return isStowageError(error) ? error.retryable : true;
}

async function countDown(seconds: number, init: RetryInit): Promise<void> {
  const { id, noun, clock, progress, signal } = init;
  for (let left = seconds; left > 0; left -= 1) {
    progress({ id, action: `Retrying in ${left} second${left === 1 ? '' : 's'}`, phase: 'retrying' });
    try {
      await clock.sleep(1000, { signal });
    } catch (error) {
      throw signal.aborted ? abortError(`${noun} cancelled during retry delay`) : error;
    }
  }
}
