import type { AbortOptions } from '../bytes.ts';
import type { Digest } from '../digest/digest.ts';

/** Keeps content from being collected for as long as it is held. */
export interface Lease extends AsyncDisposable {
  /** Protects blobs, whether or not they are in the store yet. */
  add(digests: Iterable<Digest>, options?: AbortOptions): Promise<void>;
  /** Ends the protection. Idempotent. */
  release(): Promise<void>;
}

/** Hands out leases. A lease whose holder died ends by itself after a day. */
export interface LeaseManager {
  /** A new lease, over nothing yet. Disposing it is the same as releasing it. */
  create(options?: AbortOptions): Promise<Lease>;
}
