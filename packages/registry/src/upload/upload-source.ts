import type { Bytes, Digest } from '@stowage/types';
import type { PiecewiseBody } from '../transport/transport.ts';

/** Where the bytes of an upload come from. */
export interface UploadSource {
  /** How many there are, where that is known before. */
  readonly size: number | undefined;
  /** What went wrong with the source itself, which no registry is to blame for. */
  readonly failure: { readonly error: unknown } | undefined;
  /**
   * The bytes from `offset` on, `most` of them; fewer only at the end, and none where it is the end. They are good until
   * the next call.
   */
  take(offset: number, most: number): Promise<Bytes>;
  /** Whether nothing follows the byte before `offset`, as far as it was read. */
  endsAt(offset: number): boolean;
  /** Everything from `offset` on in pieces; absent for what can be read once. */
  rest?(offset: number): PiecewiseBody;
  /** The digest of it all. Asked at the end. */
  digest(): Digest;
  /** How far it was read and, where the digest was not known before, what the hash was then. */
  checkpoint(offset: number): { readonly offset: number; readonly digestState?: string };
  /** Leaves the memory of what `take` gave to a request that failed: its connection may still have it. */
  release(): void;
  /** Lets go of everything. Never fails. */
  close(reason?: unknown): void;
}
