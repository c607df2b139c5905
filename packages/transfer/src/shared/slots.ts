/** A number of slots with a first-come queue, by moby's rules of admission. */
export class Slots {
  #limit: number;
  #taken = 0;
  readonly #queue = new Set<() => void>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Changes the limit for whoever asks from now on: nobody in the queue starts for it, nobody who runs stops. */
  setLimit(limit: number): void {
    this.#limit = limit;
  }

  /** Takes a slot where one is free. */
  tryTake(): boolean {
    if (this.#limit !== 0 && this.#taken >= this.#limit) return false;
    this.#taken += 1;
    return true;
  }

  /** Queues up; `start` is called once, with a slot taken for it. */
  enqueue(start: () => void): void {
    this.#queue.add(start);
  }

  /** Leaves the queue. Does nothing for one that has started. */
  leave(start: () => void): void {
    this.#queue.delete(start);
  }

  /** Gives a slot back. It goes to the head of the queue, even when the limit was lowered meanwhile. */
  free(): void {
    const [next] = this.#queue;
    if (next === undefined) {
      this.#taken -= 1;
      return;
    }
    this.#queue.delete(next);
    next();
  }
}
