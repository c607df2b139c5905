import type { Writable } from 'node:stream';
import type { Stowage, StowageOptions } from 'stowage';

/** A stream to write to, as `process.stdout` is. */
export interface OutputStream extends Writable {
  /** Whether this is a terminal. */
  readonly isTTY?: boolean | undefined;
  /** Columns of the terminal. */
  readonly columns?: number | undefined;
  /** Lines of the terminal. */
  readonly rows?: number | undefined;
}

/** Everything that the command sees of the world around it. */
export interface Environment {
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly stdin: AsyncIterable<Uint8Array | string> & { readonly isTTY?: boolean | undefined };
  /** Environment variables. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory. */
  readonly cwd: string;
  /** The user's home directory. */
  readonly home: string;
  /** Aborted when the user wants the command to end, as by Ctrl-C. */
  readonly signal: AbortSignal;
  /** Opens the images of a store. Default `openStowage`. */
  readonly openStowage?: ((options: StowageOptions) => Promise<Stowage>) | undefined;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly now?: (() => number) | undefined;
}
