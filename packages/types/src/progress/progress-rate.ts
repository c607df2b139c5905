/** Seconds over which the rate is smoothed: what came longer ago weighs less and less. */
const WINDOW = 5;
/** Seconds before a rate is told: the first few bytes say little. */
const WARM_UP = 0.25;

/** A rate that follows changes within seconds and does not jump; exact where bytes come evenly. */
export class ProgressRate {
  /** Bytes, each weighed by its age. */
  #weighed = 0;
  #begin: number | undefined;
  #last = 0;

  /** Begins to count, at a time in milliseconds. Does nothing where it has begun. */
  begin(now: number): void {
    if (this.#begin !== undefined) return;
    this.#begin = now;
    this.#last = now;
  }

  /** Counts bytes that came just now. */
  add(bytes: number, now: number): void {
    this.begin(now);
    this.#age(now);
    this.#weighed += bytes;
  }

  /** Bytes in a second. */
  at(now: number): number {
    if (this.#begin === undefined) return 0;
    this.#age(now);
    const elapsed = (this.#last - this.#begin) / 1000;
    // The weights of all time so far do not add up to a whole window in the beginning.
    return elapsed < WARM_UP ? 0 : this.#weighed / (WINDOW * (1 - Math.exp(-elapsed / WINDOW)));
  }

  #age(now: number): void {
    // A clock that was set back stands still.
    const passed = Math.max(0, now - this.#last) / 1000;
    this.#weighed *= Math.exp(-passed / WINDOW);
    this.#last += passed * 1000;
  }
}
