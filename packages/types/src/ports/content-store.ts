import type { AbortOptions, Bytes, ByteStream, RangeOptions } from '../bytes.ts';
import type { Digest } from '../digest/digest.ts';
import type { ChangeOptions } from './change-options.ts';

/** A blob in a content store. */
export interface ContentInfo {
  /** The digest of the blob's bytes. */
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
  /** What was noted beside the blob, for example where it came from. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A download that has begun and not ended. */
export interface IngestStatus {
  /** What names the ingest. */
  readonly ref: string;
  /** Bytes written so far. */
  readonly offset: number;
  /** Bytes expected, where known. */
  readonly size?: number;
  /** When bytes were last written, milliseconds since the epoch. */
  readonly updatedAt: number;
}

/** What an ingest expects; checked by `commit`. */
export interface IngestOptions extends AbortOptions {
  /** `DIGEST_MISMATCH` where the bytes have another. */
  readonly digest?: Digest | undefined;
  /** Bytes. A write beyond it fails with `SIZE_MISMATCH`. */
  readonly size?: number | undefined;
  /** What is noted beside the blob; merged over what a blob that is there has. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/**
 * Content on its way in. Nothing of it is visible in the store before `commit`. Closing without a commit keeps what
 * was written, and the next ingest of the same ref goes on from there.
 */
export interface Ingest extends AsyncDisposable {
  /** What names the ingest. */
  readonly ref: string;
  /** Bytes written so far: where the next write goes. */
  readonly offset: number;
  /** Appends bytes. They may be reused once the promise resolves. `SIZE_MISMATCH` beyond the expected size. */
  write(bytes: Bytes, options?: AbortOptions): Promise<void>;
  /** Drops everything from `size` on; `size` must not exceed `offset`. */
  truncate(size: number, options?: AbortOptions): Promise<void>;
  /**
   * Verifies size, then digest, and publishes the blob in one step. A blob that is already there is success. On
   * `SIZE_MISMATCH` or `DIGEST_MISMATCH` nothing is published and the bytes are kept: `truncate(0)` starts again,
   * `ContentStore.abort` throws them away. After success the ingest is gone.
   *
   * @param options what to verify against; merged over what `ingest` was given
   */
  commit(options?: IngestOptions): Promise<ContentInfo>;
  /** Lets go of the ingest and keeps what was written. Idempotent; does nothing after `commit`. */
  close(): Promise<void>;
}

/** Reads blobs. */
export interface ContentReader {
  /** What is known of a blob. `NOT_FOUND` when there is no such blob. */
  info(digest: Digest, options?: AbortOptions): Promise<ContentInfo>;
  /**
   * Streams a blob or a part of it. The bytes were verified when they came in and are not hashed again.
   * `NOT_FOUND`; `INVALID_ARGUMENT` for an offset beyond the end. Cancelling the stream frees what it holds.
   */
  open(digest: Digest, options?: RangeOptions): Promise<ByteStream>;
  /** Reads a whole blob of at most `maxBytes`. `NOT_FOUND`; `LIMIT_EXCEEDED` when it is larger. */
  read(digest: Digest, options: ReadOptions): Promise<Bytes>;
}

/** A limit for reading into memory. */
export interface ReadOptions extends AbortOptions {
  /** The most bytes to accept. */
  readonly maxBytes: number;
}

/** Takes blobs in. */
export interface ContentIngester {
  /**
   * Opens or resumes the ingest named `ref`, any non-empty, well-formed string of at most 1024 characters. What an
   * ingest was opened with is remembered and need not be repeated. `ALREADY_EXISTS` when the store has `digest`; a
   * partial of that ref is then dropped. `UNAVAILABLE` (retryable) while somebody else has the ref open.
   */
  ingest(ref: string, options?: IngestOptions): Promise<Ingest>;
  /** The ingests that were begun and not committed, open or not. */
  ingests(options?: AbortOptions): AsyncIterable<IngestStatus>;
  /** Throws away a closed ingest with its bytes. Does nothing when there is none; `UNAVAILABLE` while it is open. */
  abort(ref: string, options?: AbortOptions): Promise<void>;
}

/** Blobs by digest: verified when they come in, whole or not there. */
export interface ContentStore extends ContentReader, ContentIngester {
  /** Merges labels; an empty value removes its label. `NOT_FOUND`. */
  update(
    digest: Digest,
    labels: Readonly<Record<string, string>>,
    options?: AbortOptions,
  ): Promise<ContentInfo>;
  /** Removes a blob. `NOT_FOUND`. Streams already open read on to their end. */
  delete(digest: Digest, options?: ChangeOptions): Promise<void>;
  /** Every blob, in no order. */
  walk(options?: AbortOptions): AsyncIterable<ContentInfo>;
}
