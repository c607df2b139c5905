import type { Bytes } from '@stowage/types';
import type { TarHeader } from '../tar/tar-header.ts';

/** Who is told what a stage finds, by the rules of `LayerStageInit`. */
export interface StageTakers {
  readonly onOutput?: TakeOutput | undefined;
  readonly onEntry?: ((entry: TarHeader) => void) | undefined;
}

/** Takes plain bytes; while what it returns is pending, it is given no more. */
export type TakeOutput = (bytes: Bytes) => void | Promise<void>;

/** The least capacity of a buffer for bytes that wait, and how many are kept for reuse. */
const CAPACITY = 64 * 1024;
const KEPT = 4;

/**
 * Gives the output of a decoder, which cannot be held up, to a taker that may need time: piece by piece, in order, one
 * at a time. What comes while the taker is at work is copied and waits.
 */
export class LayerOutput {
  readonly #take: TakeOutput;
  readonly #waiting: Uint8Array[] = [];
  /** Buffers whose bytes were taken. */
  readonly #spare: ArrayBuffer[] = [];
  /** Whether the taker, by its first answer, works on bytes after it returns. */
  #patient: boolean | undefined;
  #pending: Promise<void> | undefined;

  constructor(take: TakeOutput) {
    this.#take = take;
  }

  /** Settles once everything was taken; `undefined` when it is already. */
  get pending(): Promise<void> | undefined {
    return this.#pending;
  }

  /** Gives bytes, which are looked at during the call only. Throws what the taker throws. */
  give(bytes: Bytes): void {
    if (this.#pending !== undefined) {
      this.#waiting.push(this.#copy(bytes));
      return;
    }
    // The first piece may turn out to be needed for longer than this call, as all of them after it.
    const given = this.#patient === false ? bytes : this.#copy(bytes);
    const taken = this.#take(given);
    this.#patient ??= isPromise(taken);
    if (isPromise(taken)) {
      this.#pending = this.#drain(taken, given === bytes ? undefined : given);
      // Whoever waits is told; nobody may.
      this.#pending.catch(() => undefined);
    } else if (given !== bytes) this.#recycle(given);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#waiting.length = 0;
    this.#spare.length = 0;
  }

  async #drain(taken: Promise<void>, copy: Bytes | undefined): Promise<void> {
    await taken;
    if (copy !== undefined) this.#recycle(copy);
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      await this.#take(next);
      this.#recycle(next);
    }
    this.#pending = undefined;
  }

  #copy(bytes: Bytes): Uint8Array {
    const last = this.#spare.at(-1);
    const fits = last !== undefined && last.byteLength >= bytes.length;
    const buffer = fits ? last : new ArrayBuffer(Math.max(bytes.length, CAPACITY));
    if (fits) this.#spare.pop();
    const copy = new Uint8Array(buffer, 0, bytes.length);
    copy.set(bytes);
    return copy;
  }

  #recycle(bytes: Bytes): void {
    if (this.#spare.length < KEPT && bytes.buffer instanceof ArrayBuffer) this.#spare.push(bytes.buffer);
  }
}

/** Whether a taker needs time. */
export function isPromise(value: void | Promise<void>): value is Promise<void> {
  return typeof value === 'object' && typeof value.then === 'function';
}
