import type { TransferManager } from '@stowage/transfer';
import { discardProgress } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';

/**
 * Does work once for all who ask for it at the same time. A caller that gives up leaves the others to it; the work is
 * aborted when the last one has left.
 *
 * @param transfers where work is shared
 * @param key what names the work
 * @param job the work; its signal is not this caller's
 * @param options this caller's signal
 */
export async function share<T>(
  transfers: TransferManager,
  key: string,
  job: (options: { readonly signal: AbortSignal }) => Promise<T>,
  { signal }: AbortOptions,
): Promise<T> {
  signal?.throwIfAborted();
  const { watcher } = transfers.transfer(key, job, discardProgress);
  let stopListening = (): void => undefined;
  const aborted = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      // A signal's reason is thrown as it is, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    stopListening = () => signal?.removeEventListener('abort', onAbort);
  });
  try {
    return await Promise.race([watcher.done, aborted]);
  } finally {
    stopListening();
    // Where nobody else wants the work, it has ended before the caller hears of it.
    await watcher.release();
  }
}
