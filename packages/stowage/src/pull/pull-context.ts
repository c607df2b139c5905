import type { TransferManager } from '@stowage/transfer';
import type { AbortOptions, Clock } from '@stowage/types';

/** What every step of a pull is given. */
export interface PullContext extends AbortOptions {
  /** Shares downloads of manifests and configurations with pulls that run at the same time in this process. */
  readonly shared: TransferManager;
  /** Waits for downloads of other processes. */
  readonly clock: Clock;
}
