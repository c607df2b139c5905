import type { AbortOptions } from '../bytes.ts';
import type { ContentStore } from './content-store.ts';
import type { MetadataStore } from './metadata-store.ts';

/** Everything that is kept: blobs, small values, and locks over them. */
export interface Storage {
  /** The blobs. */
  readonly content: ContentStore;
  /** The small values. */
  readonly metadata: MetadataStore;
  /**
   * Waits for a lock that every user of this storage sees, in this process and in others, and holds it until it is
   * disposed. The lock of a holder that died is taken over.
   *
   * @param name lower-case words joined by dashes
   */
  lock(name: string, options?: AbortOptions): Promise<AsyncDisposable>;
  /**
   * Frees what the storage holds. Open ingests are closed and keep their bytes. What changes content then fails with
   * `UNAVAILABLE`; reading goes on. Idempotent.
   */
  close(): Promise<void>;
}
