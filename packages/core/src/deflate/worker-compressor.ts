import type { Bytes } from '@stowage/types';
import { decodeError } from '../workers/worker-error.ts';
import { LeasingPool } from '../workers/worker-leasing.ts';
import type { WorkerLease } from '../workers/worker-leasing.ts';
import type { LazyPool } from '../workers/worker-pool.ts';
import type { DeflateEffort, FromJob } from '../workers/worker-protocol.ts';
import { combineCrc32 } from './crc32-combine.ts';
import { DICTIONARY_SIZE, SEGMENT_SIZE } from './deflate-engine.ts';
import type { RawCompressor, RawListener } from './raw-compressor.ts';

// Loaded on demand, as a file of its own.

/** A worker works on one segment while the next one is on its way. */
const TASKS_PER_WORKER = 2;

/** How many segments there are at once: while one worker is late, the others go on, and what they make waits for it. */
const SEGMENTS_PER_WORKER = 4;

interface Hand {
  readonly lease: WorkerLease;
  readonly job: number;
  /** The segments it has, the oldest first: it takes them in turn. */
  readonly tasks: Segment[];
}

interface Segment {
  readonly size: number;
  result: Extract<FromJob, { type: 'deflated' }> | undefined;
}

/** Shares in as many different workers as can be had, at most `wanted`; none are kept where it rejects. */
export async function leaseWorkers(
  pool: LazyPool,
  wanted: number,
  signal: AbortSignal | undefined,
): Promise<WorkerLease[]> {
  const leasing = (pool.leasing ??= new LeasingPool(pool.init));
  const leases: WorkerLease[] = [];
  try {
    while (leases.length < wanted) {
      const lease = await leasing.lease(leases);
      if (lease === undefined) break;
      leases.push(lease);
      signal?.throwIfAborted();
    }
    return leases;
  } catch (error) {
    for (const lease of leases) lease.release();
    throw error;
  }
}

/** Compresses a stream to raw deflate, segment by segment, in workers; the output is put into order again. */
export class WorkerCompressor implements RawCompressor {
  crc = 0;
  readonly workers: number;
  readonly #leases: readonly WorkerLease[];
  readonly #hands: Hand[] = [];
  readonly #effort: DeflateEffort;
  readonly #hears: RawListener;
  /** Segments whose output is not given yet, in order. */
  readonly #segments: Segment[] = [];
  readonly #spare: ArrayBuffer[] = [];
  #buffer = new Uint8Array(DICTIONARY_SIZE + SEGMENT_SIZE);
  #dictionary = 0;
  #length = 0;
  #freed = false;
  /** Ends the wait of `write` for room, or of `end` for the rest. */
  #wake: (() => void) | undefined;

  /** @param leases are given back by `free`, or before this throws because a worker has died meanwhile */
  constructor(leases: readonly WorkerLease[], effort: DeflateEffort, hears: RawListener) {
    this.#leases = leases;
    this.#effort = effort;
    this.#hears = hears;
    this.workers = leases.length;
    try {
      for (const lease of leases) this.#hands.push(this.#handOf(lease));
    } catch (error) {
      this.free();
      throw error;
    }
  }

  #handOf(lease: WorkerLease): Hand {
    const job = lease.handle.open({
      onMessage: (message) => {
        this.#receive(hand, message);
      },
      onDeath: this.#hears.fail,
    });
    const hand: Hand = { lease, job, tasks: [] };
    return hand;
  }

  write(bytes: Bytes): void | Promise<void> {
    const taken = this.#put(bytes, 0);
    return taken === bytes.length ? undefined : this.#putRest(bytes, taken);
  }

  async end(): Promise<void> {
    for (let last = false; !last;) {
      while (!this.#hasRoom()) await this.#change();
      // A full segment is never the last one, wherever it is compressed.
      last = this.#length < SEGMENT_SIZE;
      this.#send(last);
    }
    while (this.#segments.length > 0) await this.#change();
  }

  free(): void {
    this.#freed = true;
    for (const { lease, job, tasks } of this.#hands) {
      lease.handle.close(job);
      for (let left = tasks.length; left > 0; left -= 1) lease.handle.letGo();
    }
    for (const lease of this.#leases) lease.release();
    this.#segments.length = 0;
    this.#spare.length = 0;
  }

  /** Takes bytes as far as there is room, and answers how far it came. */
  #put(bytes: Bytes, from: number): number {
    let at = from;
    while (at < bytes.length && !this.#freed) {
      const part = bytes.subarray(at, at + SEGMENT_SIZE - this.#length);
      this.#buffer.set(part, DICTIONARY_SIZE + this.#length);
      this.#length += part.length;
      at += part.length;
      if (this.#length < SEGMENT_SIZE) continue;
      if (!this.#hasRoom()) break;
      this.#send(false);
    }
    return at;
  }

  async #putRest(bytes: Bytes, from: number): Promise<void> {
    for (let at = from; at < bytes.length && !this.#freed; at = this.#put(bytes, at)) {
      if (!this.#hasRoom()) await this.#change();
    }
  }

  #hasRoom(): boolean {
    return (
      this.#segments.length < this.#hands.length * SEGMENTS_PER_WORKER &&
      this.#hands.some(({ tasks }) => tasks.length < TASKS_PER_WORKER)
    );
  }

  /** Resolves when a segment has come back. */
  #change(): Promise<void> {
    return new Promise((resolve) => (this.#wake = resolve));
  }

  /** Has the worker with the least to do compress the segment at hand. */
  #send(last: boolean): void {
    const { buffer } = this.#buffer;
    const next = new Uint8Array(this.#spare.pop() ?? new ArrayBuffer(DICTIONARY_SIZE + SEGMENT_SIZE));
    if (!last) next.set(this.#buffer.subarray(SEGMENT_SIZE), 0);
    const hand = this.#hands.reduce((one, other) => (other.tasks.length < one.tasks.length ? other : one));
    const segment: Segment = { size: this.#length, result: undefined };
    this.#segments.push(segment);
    hand.tasks.push(segment);
    const { handle } = hand.lease;
    handle.hold();
    handle.post(
      {
        type: 'deflate',
        job: hand.job,
        buffer,
        dictionary: this.#dictionary,
        length: this.#length,
        effort: this.#effort,
        last,
      },
      [buffer],
    );
    this.#buffer = next;
    this.#dictionary = DICTIONARY_SIZE;
    this.#length = 0;
  }

  #receive({ tasks, lease }: Hand, message: FromJob): void {
    if (message.type === 'failed') this.#hears.fail(decodeError(message.error));
    if (message.type !== 'deflated') return;
    const segment = tasks.shift();
    lease.handle.letGo();
    if (segment === undefined) return;
    segment.result = message;
    try {
      this.#giveReady();
    } catch (error) {
      this.#hears.fail(error);
    }
  }

  #giveReady(): void {
    for (let first = this.#segments[0]; first?.result !== undefined; first = this.#segments[0]) {
      const { buffer, length, crc } = first.result;
      this.crc = combineCrc32(this.crc, crc, first.size);
      this.#hears.give(new Uint8Array(buffer, 0, length));
      if (this.#freed) return;
      this.#spare.push(buffer);
      this.#segments.shift();
    }
    this.#wake?.();
  }
}
