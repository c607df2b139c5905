import type { Bytes } from '../bytes.ts';
import type { Digest, DigestAlgorithm } from '../digest/digest.ts';

/** A running hash. Every call returns at once: backends that need time to load do so before there is a digester. */
export interface Digester {
  /** What the digest begins with. */
  readonly algorithm: DigestAlgorithm;
  /** Takes more bytes. They are read before the call returns and may be reused afterwards. */
  update(bytes: Bytes): void;
  /** The digest of all bytes taken. The digester is spent: only `restore` may follow. */
  digest(): Digest;
  /** The running state, where the backend can tell it. One format serves all backends and runtimes. */
  save?(): Bytes;
  /**
   * Goes on from a state that was saved for the same algorithm, whatever backend saved it. `INVALID_ARGUMENT` for one
   * that is not.
   */
  restore?(state: Bytes): void;
}
