import type { Checkpoint } from './checkpoint.ts';
import { WINDOW_SIZE } from './inflate-engine.ts';
import type { InflateEngine } from './inflate-engine.ts';
import type { InflaterInit } from './inflater-init.ts';

// Loaded on demand, as a file of its own.

/** Where there are more, every second one goes: 64 MiB of windows at most. */
const MOST = 2048;

/**
 * Takes checkpoints of an engine at the first boundary of blocks after every so many bytes. Only the 32 KiB after a
 * checkpoint can refer to its window; the engine notes what they use, and the rest of the window is forgotten.
 */
export class CheckpointRecorder {
  readonly checkpoints: Checkpoint[] = [];
  readonly #engine: InflateEngine;
  #every: number;
  /** The output that the next checkpoint is due at. */
  #next: number;
  /** The last checkpoint, while its window is watched. */
  #watched: Checkpoint | undefined;

  constructor(engine: InflateEngine, { checkpointEvery = 0, restore }: InflaterInit) {
    this.#engine = engine;
    // No closer than a window is watched.
    this.#every = Math.max(checkpointEvery, WINDOW_SIZE);
    this.#next = (restore?.out ?? 0) + this.#every;
  }

  /** How many more bytes of output are to come before the next checkpoint. */
  stopAfter(out: number): number {
    return Math.max(this.#next - out, 0);
  }

  /** Takes one, between two blocks. */
  add(at: Omit<Checkpoint, 'window'>): void {
    this.settle();
    if (this.checkpoints.length === MOST) {
      this.#thin();
      // Too near to the last one, now.
      return;
    }
    this.#watched = { ...at, window: this.#engine.window() };
    this.checkpoints.push(this.#watched);
    this.#next = at.out + this.#every;
    this.#engine.watch();
  }

  #thin(): void {
    const kept = this.checkpoints.filter((_, index) => index % 2 === 1);
    this.checkpoints.splice(0, this.checkpoints.length, ...kept);
    this.#every *= 2;
    this.#next = (kept.at(-1)?.out ?? 0) + this.#every;
  }

  /** To be told how far the output has come. */
  passed(out: number): void {
    if (this.#watched !== undefined && out - this.#watched.out >= WINDOW_SIZE) this.settle();
  }

  /** To be called when nothing that is to come can refer to what came: at the end of a stream. */
  settle(): void {
    const { checkpoints } = this;
    const watched = this.#watched;
    if (watched === undefined) return;
    this.#watched = undefined;
    const { window } = watched;
    const used = this.#engine.used().subarray(WINDOW_SIZE - window.length);
    for (let at = 0; at < window.length; at += 1) if (used[at] === 0) window[at] = 0;
    const first = used.indexOf(1);
    checkpoints[checkpoints.length - 1] = {
      ...watched,
      window: first < 0 ? new Uint8Array(0) : window.slice(first),
    };
  }
}
