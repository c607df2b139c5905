/** A run of bytes. */
export type Bytes = Uint8Array;

/** A stream of bytes, the form in which content crosses every public seam. */
export type ByteStream = ReadableStream<Uint8Array>;

/** What every call that does I/O takes. */
export interface AbortOptions {
  /** Ends the call early; it then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** Asks for a part of some content. */
export interface RangeOptions extends AbortOptions {
  /** The first byte wanted. Default 0. */
  readonly offset?: number | undefined;
  /** How many bytes are wanted. Default: all that follow. */
  readonly length?: number | undefined;
}
