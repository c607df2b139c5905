import { systemClock } from '@stowage/core';
import { StowageError } from '@stowage/types';
import type { AbortOptions, Clock } from '@stowage/types';

/** Keeps the number and the rate of requests to each host within limits. */
export interface RequestLimiter {
  /**
   * Waits for a request's turn.
   *
   * @param host host and port
   * @returns ends the request, body included; calling it twice does no harm
   */
  acquire(host: string, options?: AbortOptions): Promise<() => void>;
}

/** How a request limiter is made. */
export interface RequestLimiterInit {
  /** How many requests to one host may be under way, their bodies included. Default: any number. */
  readonly concurrency?: number | undefined;
  /** How many requests to one host may begin in a second. Default: any number. */
  readonly requestsPerSecond?: number | undefined;
  /** Default: the system's clock. */
  readonly clock?: Clock | undefined;
}

interface Lane {
  underWay: number;
  readonly queue: (() => void)[];
  /** When the next request may begin, milliseconds since the epoch. */
  next: number;
}

/**
 * Makes a request limiter. Given to several repositories as their `limiter`, it holds for all of them together. A body
 * counts until it is read to its end or cancelled: who opens more blobs than `concurrency` at once and reads them one
 * after the other waits for ever.
 *
 * @param init the limits
 * @throws `INVALID_ARGUMENT` for a limit that is no positive number
 *
 * @example
 * ```ts
 * import { createRequestLimiter } from '@stowage/registry';
 *
 * const limiter = createRequestLimiter({ concurrency: 4, requestsPerSecond: 10 });
 * const done = await limiter.acquire('registry.example');
 * done();
 * ```
 */
export function createRequestLimiter(init: RequestLimiterInit = {}): RequestLimiter {
  const { concurrency = Infinity, requestsPerSecond = Infinity, clock = systemClock } = init;
  if (!(concurrency >= 1) || !(requestsPerSecond > 0)) {
    throw new StowageError('INVALID_ARGUMENT', 'limits of requests must be positive numbers');
  }
  const interval = 1000 / requestsPerSecond;
  const lanes = new Map<string, Lane>();

  function laneOf(host: string): Lane {
    const lane = lanes.get(host) ?? { underWay: 0, queue: [], next: 0 };
    lanes.set(host, lane);
    return lane;
  }

  function leave(lane: Lane): void {
    // A place that becomes free goes to who has waited longest, without being free in between.
    const next = lane.queue.shift();
    if (next === undefined) lane.underWay -= 1;
    else next();
  }

  async function enter(lane: Lane, signal: AbortSignal | undefined): Promise<void> {
    if (lane.underWay < concurrency) {
      lane.underWay += 1;
      return;
    }
    await new Promise<void>((resolve, reject) => {
      const turn = (): void => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
      const onAbort = (): void => {
        lane.queue.splice(lane.queue.indexOf(turn), 1);
        reject(signal?.reason as Error);
      };
      lane.queue.push(turn);
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  return {
    async acquire(host, { signal } = {}): Promise<() => void> {
      signal?.throwIfAborted();
      const lane = laneOf(host);
      await enter(lane, signal);
      let entered = true;
      const end = (): void => {
        if (entered) leave(lane);
        entered = false;
      };
      const now = clock.now();
      const at = Math.max(now, lane.next);
      lane.next = at + interval;
      try {
        if (at > now) await clock.sleep(at - now, { signal });
      } catch (error) {
        end();
        throw error;
      }
      return end;
    },
  };
}
