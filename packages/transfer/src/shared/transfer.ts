import type { Progress, ProgressOutput } from '@stowage/types';

/** One caller's share in a transfer. */
export interface Watcher<T> {
  /** The outcome of the transfer. Nobody has to await it. */
  readonly done: Promise<T>;
  /**
   * Leaves. Progress that was reported before is delivered first, none after. Where this was the last watcher, an
   * unfinished transfer is aborted, and the promise resolves once the transfer holds nothing any more; else it resolves
   * at once. Idempotent.
   */
  release(): Promise<void>;
}

/** Work that any number of callers share. It has a signal of its own: no caller's signal reaches it. */
export interface Transfer<T> {
  /** What names the work. */
  readonly key: string;
  /** Aborted when the last watcher leaves before the work is finished. */
  readonly signal: AbortSignal;
  /** The outcome, once the job has ended. Nobody has to await it. */
  readonly done: Promise<T>;
  /** Resolves when the job has ended, nobody watches and the value is disposed; rejects where disposing it failed. */
  readonly released: Promise<void>;
  /**
   * Joins. The latest progress is delivered at once, later progress as it comes; none once the transfer has ended.
   *
   * @param progressOutput takes the progress
   */
  watch(progressOutput: ProgressOutput): Watcher<T>;
}

/** What a job is given. */
export interface TransferContext {
  /** Aborted when nobody wants the result any more. */
  readonly signal: AbortSignal;
  /** Reports progress to everybody who watches. */
  readonly progress: ProgressOutput;
  /** Gives the slot to the next in line although the job goes on. Idempotent; a job that ends gives it back anyway. */
  inactive(): void;
}

/**
 * The work of a transfer. It starts once the transfer has a slot, and never inside the call that asks for it. On abort
 * it should end soon; a new transfer of the same key waits for it.
 */
export type TransferJob<T> = (context: TransferContext) => Promise<T>;

/** How a transfer is run. */
export interface TransferOptions<T> {
  /** Reported when no slot is free, so that a display can say so. Default: nothing is. */
  readonly queued?: Progress | undefined;
  /** Frees what the value holds, once nobody watches any more. Also called for a job that succeeds after its abort. */
  readonly dispose?: ((value: T) => Promise<void>) | undefined;
}
