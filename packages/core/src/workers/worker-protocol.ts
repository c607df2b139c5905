import type { TarHeader } from '../tar/tar-header.ts';
import type { LayerFindings, LayerWork } from './layer-work.ts';
import type { ErrorMessage } from './worker-error.ts';

/**
 * What a worker and the thread that made it say to one another. Every message but `hello` and
 * its answer `ready` is about a job, a number that the thread chose. Buffers are transferred and come back: those of `input` as `taken`, those of `output`
 * as `release`, which answers to `entries` too, and has no buffer then.
 */
export type ToWorker =
  | { readonly type: 'hello' }
  | { readonly type: 'begin'; readonly job: number; readonly work: LayerWork; readonly output: boolean }
  | { readonly type: 'input'; readonly job: number; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly type: 'release'; readonly job: number; readonly buffer?: ArrayBuffer }
  | { readonly type: 'end'; readonly job: number }
  | DeflateTask
  | { readonly type: 'cancel'; readonly job: number };

export type FromWorker = { readonly type: 'ready'; readonly protocol: number } | FromJob;

/**
 * What a level stands for: how many earlier places are looked at, the length of a match that is long enough, and the length
 * of one that is taken without a look at the next byte. With 0 for that, only the latest place is looked at.
 */
export type DeflateEffort = readonly [depth: number, nice: number, lazy: number];

/**
 * A segment to compress: the input of an engine in a buffer, in which the output comes back. It needs no `begin`, as the
 * worker keeps nothing of it.
 */
export interface DeflateTask {
  readonly type: 'deflate';
  readonly job: number;
  readonly buffer: ArrayBuffer;
  readonly dictionary: number;
  readonly length: number;
  readonly effort: DeflateEffort;
  readonly last: boolean;
}

/** What a worker says about one job. Nothing follows `ended` and `failed` but `taken`. */
export type FromJob =
  | { readonly type: 'begun'; readonly job: number }
  | { readonly type: 'taken'; readonly job: number; readonly buffer: ArrayBuffer }
  | { readonly type: 'output'; readonly job: number; readonly buffer: ArrayBuffer; readonly length: number }
  | { readonly type: 'entries'; readonly job: number; readonly entries: readonly TarHeader[] }
  | { readonly type: 'ended'; readonly job: number; readonly findings: LayerFindings }
  | {
      readonly type: 'deflated';
      readonly job: number;
      readonly buffer: ArrayBuffer;
      readonly length: number;
      readonly crc: number;
    }
  | { readonly type: 'failed'; readonly job: number; readonly error: ErrorMessage };

/** How a worker is spoken with from inside. */
export interface WorkerPort {
  post(message: FromWorker, transfer: ArrayBuffer[]): void;
  onMessage(listener: (message: ToWorker) => void): void;
}

/** Told by a worker, so that a program of another version is not mistaken for this one. */
export const PROTOCOL = 3;

/** The size of every buffer. Bun copies what is transferred, so that bigger ones would cost there. */
export const BUFFER_SIZE: number = 256 * 1024;

/** How many entries of an archive are told at once. */
export const ENTRIES_AT_ONCE = 128;

/** How many buffers of one job may be under way in each direction, and lists of entries. */
export const MAX_IN_FLIGHT = 4;

/** Buffers that are kept for reuse. */
export class BufferPool {
  readonly #free: ArrayBuffer[] = [];

  take(): ArrayBuffer {
    return this.#free.pop() ?? new ArrayBuffer(BUFFER_SIZE);
  }

  /** A buffer of another size is none of ours. */
  put(buffer: ArrayBuffer): void {
    if (buffer.byteLength === BUFFER_SIZE && this.#free.length < 2 * MAX_IN_FLIGHT) this.#free.push(buffer);
  }
}
