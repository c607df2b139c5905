import { StowageError } from '@stowage/types';
import type { Progress, ProgressOutput } from '@stowage/types';
import { SharedTransfer } from './shared-transfer.ts';
import { Slots } from './slots.ts';
import type { Transfer, TransferJob, TransferOptions, Watcher } from './transfer.ts';

/** How many transfers run at once unless told otherwise, as in docker. */
const DEFAULT_CONCURRENCY = 3;

/** What a transfer manager is made of. */
export interface TransferManagerInit {
  /** How many transfers run at once; 0 for no limit. Default 3. */
  readonly concurrency?: number | undefined;
}

/** Runs each piece of work once, however many ask for it, and only so many at a time. */
export interface TransferManager {
  /**
   * Joins the transfer named `key`, or starts it. Where one of that name was aborted and has not ended yet, a new one
   * begins when it has. Everybody who uses a key must mean the same work by it.
   *
   * @param key what names the work
   * @param job the work, run only where it is not under way already
   * @param progressOutput takes this caller's progress
   */
  transfer<T>(
    key: string,
    job: TransferJob<T>,
    progressOutput: ProgressOutput,
    options?: TransferOptions<T>,
  ): { readonly transfer: Transfer<T>; readonly watcher: Watcher<T> };
  /**
   * Changes how many may run at once, for transfers asked for from now on. None is stopped for it, and none that waits
   * starts for it. `INVALID_ARGUMENT` unless it is a whole number of at least 0.
   */
  setConcurrency(concurrency: number): void;
}

/**
 * Makes a transfer manager. A transfer belongs to all who watch it and is aborted when the last of them leaves early.
 * Beyond the limit, transfers wait in the order in which they were asked for; one that is called off leaves the queue
 * at once (in moby it waits for its turn first).
 *
 * @throws `INVALID_ARGUMENT` unless `concurrency` is a whole number of at least 0
 *
 * @example
 * ```ts
 * import { createTransferManager } from '@stowage/transfer';
 *
 * const manager = createTransferManager({ concurrency: 2 });
 * const job = async () => 'bytes';
 * const first = manager.transfer('blob', job, () => {});
 * const second = manager.transfer('blob', job, () => {});
 * console.log(first.transfer === second.transfer, await second.watcher.done); // true bytes
 * ```
 */
export function createTransferManager(init: TransferManagerInit = {}): TransferManager {
  return new Manager(checkConcurrency(init.concurrency ?? DEFAULT_CONCURRENCY));
}

interface Entry {
  readonly transfer: SharedTransfer<unknown>;
  /** Resolves when the next transfer of the key may begin. */
  readonly over: Promise<void>;
}

class Manager implements TransferManager {
  readonly #slots: Slots;
  readonly #entries = new Map<string, Entry>();

  constructor(concurrency: number) {
    this.#slots = new Slots(concurrency);
  }

  setConcurrency(concurrency: number): void {
    this.#slots.setLimit(checkConcurrency(concurrency));
  }

  transfer<T>(
    key: string,
    job: TransferJob<T>,
    progressOutput: ProgressOutput,
    options: TransferOptions<T> = {},
  ): { readonly transfer: Transfer<T>; readonly watcher: Watcher<T> } {
    const known = this.#entries.get(key);
    if (known !== undefined && !known.transfer.signal.aborted) {
      const transfer = known.transfer as unknown as SharedTransfer<T>;
      return { transfer, watcher: transfer.watch(progressOutput) };
    }
    const transfer = new SharedTransfer<T>(key, options.dispose);
    const watcher = transfer.watch(progressOutput);
    const over = this.#run(transfer, job, options.queued, known?.over);
    this.#entries.set(key, { transfer: transfer as unknown as SharedTransfer<unknown>, over });
    return { transfer, watcher };
  }

  async #run<T>(
    transfer: SharedTransfer<T>,
    job: TransferJob<T>,
    queued: Progress | undefined,
    before: Promise<void> | undefined,
  ): Promise<void> {
    const { signal } = transfer;
    // A transfer that still waits has nothing to wind down, so it ends as soon as it is called off.
    const callOff = (): void => {
      transfer.reject(signal.reason);
    };
    signal.addEventListener('abort', callOff);
    let active = await this.#admit(transfer, queued, before);
    signal.removeEventListener('abort', callOff);

    const inactive = (): void => {
      if (active) this.#slots.free();
      active = false;
    };
    try {
      signal.throwIfAborted();
      const value = await job({
        signal,
        progress: (progress) => {
          transfer.report(progress);
        },
        inactive,
      });
      this.#forget(transfer, inactive);
      transfer.resolve(value);
    } catch (reason) {
      this.#forget(transfer, inactive);
      transfer.reject(reason);
    }
  }

  /** Waits for a slot; answers whether it has taken one, which it has unless the transfer was called off. */
  async #admit<T>(
    transfer: SharedTransfer<T>,
    queued: Progress | undefined,
    before: Promise<void> | undefined,
  ): Promise<boolean> {
    const { signal } = transfer;
    if (before !== undefined) await before;
    if (signal.aborted) return false;
    if (this.#slots.tryTake()) return true;
    if (queued !== undefined) transfer.report(queued);
    return await new Promise<boolean>((resolve) => {
      const start = (): void => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      const leave = (): void => {
        this.#slots.leave(start);
        resolve(false);
      };
      this.#slots.enqueue(start);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** Frees slot and key, so that whoever hears of the end can start anew. */
  #forget<T>(transfer: SharedTransfer<T>, inactive: () => void): void {
    inactive();
    const { key } = transfer;
    if (this.#entries.get(key)?.transfer === (transfer as unknown)) this.#entries.delete(key);
  }
}

function checkConcurrency(concurrency: number): number {
  if (Number.isSafeInteger(concurrency) && concurrency >= 0) return concurrency;
  throw new StowageError(
    'INVALID_ARGUMENT',
    `concurrency must be a whole number of at least 0, not ${concurrency}`,
  );
}
