import { isRegistryError, isStowageError } from '@stowage/types';
import type { Clock, Fetch } from '@stowage/types';

/** Resolves when an answer stands still. */
export type Stalled = (signal?: AbortSignal) => Promise<void>;

/** What the process of the tests can do better than a runtime of its own. */
export interface RunnerDeps {
  readonly fetch?: Fetch;
  readonly stalled?: Stalled;
}

/** Time limits and the beat of the watchdog; no retry waits as long as this. */
const LIMIT = 15_000;
/** What a beat takes: two of them are more than an answer may stand still. */
const STALLED_FOR = 35_000;
/** What bytes that were sent may need to be read in a runtime of its own, milliseconds. */
const ARRIVING = 50;

/** Past the cache of a browser, which asks for ranges of its own to fill its gaps; nothing in other runtimes. */
export const pageFetch: Fetch | undefined =
  'document' in globalThis ? (url, init) => globalThis.fetch(url, { ...init, cache: 'no-store' }) : undefined;

/** Time in which waits are over at once and written down; limits run out only when an answer stands still. */
export function scriptedClock(stalled: Stalled): {
  readonly clock: Clock;
  readonly waits: number[];
} {
  const waits: number[] = [];
  let now = Date.parse('2026-01-01T00:00:00Z');
  const clock: Clock = {
    now: () => now,
    async sleep(milliseconds, { signal } = {}): Promise<void> {
      signal?.throwIfAborted();
      if (milliseconds !== LIMIT) {
        waits.push(milliseconds);
        now += milliseconds;
        return;
      }
      await stalled(signal);
      // Whoever is reading gets a turn, and what was sent before the stall the time to come up.
      await new Promise((resolve) => setTimeout(resolve, ARRIVING));
      now += STALLED_FOR;
    },
  };
  return { clock, waits };
}

/** For who is not to see a time limit. */
export function neverStalled(signal?: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
  });
}

/** Asks the hosts of a script whether an answer stands still. */
export async function stalledRemotely(url: string, signal: AbortSignal | undefined): Promise<void> {
  const response = await globalThis.fetch(url, signal === undefined ? {} : { signal });
  await response.arrayBuffer();
}

/** An error as data. */
export function describeError(error: unknown): unknown {
  if (!isStowageError(error)) return typeof error === 'string' ? error : `not typed: ${String(error)}`;
  const { code, reason, retryable, message } = error;
  return { code, reason, retryable, message, ...(isRegistryError(error) ? { status: error.status } : {}) };
}
