import type { AbortOptions } from '@stowage/types';

/**
 * Does something with each of many things, so many at a time. The first failure ends everything that runs, and is thrown
 * once nothing does any more; so is an abort.
 *
 * @param things in the order to begin with them
 * @param limit how many at a time
 * @param work is given a signal that ends with the first failure
 */
export async function sideBySide<T>(
  things: Iterable<T>,
  limit: number,
  work: (thing: T, signal: AbortSignal) => Promise<void>,
  options: AbortOptions = {},
): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  signal.throwIfAborted();
  const waiting = things[Symbol.iterator]();
  const workers = Array.from({ length: limit }, async () => {
    try {
      for (let next = waiting.next(); next.done !== true && !signal.aborted; next = waiting.next()) {
        // A signal of its own for each, so that many do not pile their listeners on one.
        await work(next.value, AbortSignal.any([signal]));
      }
    } catch (error) {
      stop.abort(error);
    }
  });
  await Promise.all(workers);
  signal.throwIfAborted();
}
