import type { Bytes } from '@stowage/types';
import type { WorkerHandle } from '../workers/worker-handle.ts';
import { BUFFER_SIZE, MAX_IN_FLIGHT } from '../workers/worker-protocol.ts';

/** Sends the input of a job to its worker, in buffers that come back. */
export class LayerInput {
  readonly #handle: WorkerHandle;
  readonly #job: number;
  /** The buffer that is being filled. */
  #buffer: ArrayBuffer | undefined;
  #filled = 0;
  #underWay = 0;
  /** Ends the wait for room. */
  #roomy: (() => void) | undefined;

  constructor(handle: WorkerHandle, job: number) {
    this.#handle = handle;
    this.#job = job;
  }

  /** Copies bytes, as many as there is room for, and answers how many. */
  put(bytes: Bytes): number {
    let at = 0;
    while (at < bytes.length) {
      if (this.#buffer === undefined) {
        if (this.#underWay === MAX_IN_FLIGHT) break;
        this.#buffer = this.#handle.buffers.take();
      }
      const part = bytes.subarray(at, at + BUFFER_SIZE - this.#filled);
      new Uint8Array(this.#buffer).set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled === BUFFER_SIZE) this.send();
    }
    // A worker that has nothing to do does not wait for a full buffer.
    if (this.#underWay === 0) this.send();
    return at;
  }

  /** Sends what there is. */
  send(): void {
    const buffer = this.#buffer;
    if (buffer === undefined) return;
    const length = this.#filled;
    this.#buffer = undefined;
    this.#filled = 0;
    this.#underWay += 1;
    this.#handle.post({ type: 'input', job: this.#job, buffer, length }, [buffer]);
  }

  /** A buffer comes back. */
  taken(buffer: ArrayBuffer): void {
    this.#handle.buffers.put(buffer);
    this.#underWay -= 1;
    this.#roomy?.();
    if (this.#underWay === 0) this.send();
  }

  /** Resolves when there is room for more. */
  room(): Promise<void> {
    return new Promise((resolve) => (this.#roomy = resolve));
  }

  /** Forgets what was not sent. */
  clear(): void {
    if (this.#buffer !== undefined) this.#handle.buffers.put(this.#buffer);
    this.#buffer = undefined;
    this.#filled = 0;
  }
}
