import type { AbortOptions } from './bytes.ts';

/** Time, injected so that tests need not wait. */
export interface Clock {
  /** Milliseconds since the epoch. It may be set back: what measures lengths of time must bear that. */
  now(): number;
  /** Resolves after `milliseconds`; rejects with the signal's reason when aborted first, leaving no timer behind. */
  sleep(milliseconds: number, options?: AbortOptions): Promise<void>;
}
