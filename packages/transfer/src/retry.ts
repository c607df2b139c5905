import { firstFullError, isRegistryError, isStowageError, NO_RETRY_CODES } from '@stowage/types';
import type { Clock, ProgressOutput } from '@stowage/types';
import { abortError } from './abort.ts';
import { isDoNotRetry } from './do-not-retry.ts';

/** How many times a layer is tried again, as in docker: one more try than the number says. */
export const DEFAULT_MAX_ATTEMPTS = 5;

/** Seconds of delay that each failed attempt adds. */
const DELAY_STEP = 5;

/** How work is tried again. */
export interface RetryInit {
  /** What the progress is about. */
  readonly id: string;
  /** How many times to try again. */
  readonly maxAttempts: number;
  readonly clock: Clock;
  readonly progress: ProgressOutput;
  readonly signal: AbortSignal;
}

/**
 * Runs `attempt` until it succeeds: at most `maxAttempts` times after the first, as moby 20.10 counts. Before each the
 * wait is 5 seconds longer, counted down in progress.
 */
export async function withRetries<T>(attempt: () => Promise<T>, init: RetryInit): Promise<T> {
  for (let failures = 1; ; failures += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (init.signal.aborted || failures > init.maxAttempts || !canRetry(error)) throw error;
      await countDown(failures * DELAY_STEP, init);
    }
  }
}

/** A plain error may be anything, the network included; a Stowage error knows, and a registry has its say first. */
function canRetry(error: unknown): boolean {
  if (isDoNotRetry(error)) return false;
  if (isRegistryError(error) && NO_RETRY_CODES.has(firstFullError(error.errors)?.code ?? '')) return false;
  return isStowageError(error) ? error.retryable : true;
}

async function countDown(seconds: number, init: RetryInit): Promise<void> {
  const { id, clock, progress, signal } = init;
  for (let left = seconds; left > 0; left -= 1) {
    progress({ id, action: `Retrying in ${left} second${left === 1 ? '' : 's'}`, phase: 'retrying' });
    try {
      await clock.sleep(1000, { signal });
    } catch (error) {
      throw signal.aborted ? abortError('download cancelled during retry delay') : error;
    }
  }
}
