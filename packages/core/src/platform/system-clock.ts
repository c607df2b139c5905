import type { AbortOptions, Clock } from '@stowage/types';

/** The longest that a timer can run; a longer one would fire at once. */
const MAX_TIMEOUT = 2 ** 31 - 1;

/**
 * The clock of the system. A sleep lasts at most 2^31 - 1 milliseconds (24 days); a negative one ends at once.
 *
 * @example
 * ```ts
 * import { systemClock } from '@stowage/core';
 *
 * await systemClock.sleep(1);
 * console.log(systemClock.now() > 0); // true
 * ```
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep,
};

async function sleep(milliseconds: number, options: AbortOptions = {}): Promise<void> {
  const { signal } = options;
  signal?.throwIfAborted();
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(milliseconds, MAX_TIMEOUT));
    signal?.addEventListener('abort', done);
  });
  signal?.throwIfAborted();
}
