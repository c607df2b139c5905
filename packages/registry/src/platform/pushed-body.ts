import type { Bytes } from '@stowage/types';
import type { WireBodySource, WireReader } from './wire-fetch.ts';

/** How much of a body may wait to be read before the connection is held back, bytes. */
const HIGH_WATER_MARK = 256 * 1024;

/** The connection that a body comes over. */
export interface PushingConnection {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

interface Waiting {
  readonly resolve: (piece: { readonly done: boolean; readonly value?: Bytes }) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * A body that a connection pushes and that is read piece by piece, by one reader and one piece at a time. It holds the
 * connection back when it is not read, and does without what a stream of the standard has beside that.
 */
export class PushedBody implements WireBodySource, WireReader {
  readonly #connection: PushingConnection;
  #pieces: Bytes[] = [];
  #held = 0;
  #paused = false;
  #waiting: Waiting | undefined;
  #outcome: { readonly failure?: Error } | undefined;

  constructor(connection: PushingConnection) {
    this.#connection = connection;
  }

  getReader(): WireReader {
    return this;
  }

  read(): Promise<{ readonly done: boolean; readonly value?: Bytes }> {
    const value = this.#pieces.shift();
    if (value !== undefined) {
      this.#held -= value.byteLength;
      if (this.#paused && this.#held < HIGH_WATER_MARK) {
        this.#paused = false;
        this.#connection.resume();
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.#outcome !== undefined) {
      const { failure } = this.#outcome;
      return failure === undefined ? Promise.resolve({ done: true }) : Promise.reject(failure);
    }
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  cancel(reason?: unknown): Promise<void> {
    this.#pieces = [];
    this.#held = 0;
    if (this.#outcome === undefined) {
      this.end();
      this.#connection.abort(reason instanceof Error ? reason : new Error('no longer wanted'));
    }
    return Promise.resolve();
  }

  /** Takes what came. */
  push(piece: Bytes): void {
    if (this.#outcome !== undefined) return;
    const waiting = this.#waiting;
    if (waiting !== undefined) {
      this.#waiting = undefined;
      waiting.resolve({ done: false, value: piece });
      return;
    }
    this.#pieces.push(piece);
    this.#held += piece.byteLength;
    if (this.#paused || this.#held < HIGH_WATER_MARK) return;
    this.#paused = true;
    this.#connection.pause();
  }

  /** Nothing more comes. */
  end(): void {
    this.#outcome ??= {};
    this.#waiting?.resolve({ done: true });
    this.#waiting = undefined;
  }

  /** Nothing more comes, and something is missing. */
  fail(failure: Error): void {
    this.#outcome ??= { failure };
    this.#waiting?.reject(failure);
    this.#waiting = undefined;
  }
}
