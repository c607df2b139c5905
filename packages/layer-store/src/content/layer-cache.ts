import type { DiffID } from '@stowage/types';

/** What was read of layers lately, so that it need not be read again. */
export class LayerCache<Value> {
  readonly maxCost: number;
  readonly #kept = new Map<DiffID, { readonly value: Value; readonly cost: number }>();
  #cost = 0;

  /** @param maxCost the most that all of it together may cost */
  constructor(maxCost: number) {
    this.maxCost = maxCost;
  }

  get(diffId: DiffID): Value | undefined {
    const found = this.#kept.get(diffId);
    if (found === undefined) return undefined;
    // What was asked for last stands last.
    this.#kept.delete(diffId);
    this.#kept.set(diffId, found);
    return found.value;
  }

  set(diffId: DiffID, value: Value, cost: number): void {
    if (cost > this.maxCost || this.#kept.has(diffId)) return;
    this.#kept.set(diffId, { value, cost });
    this.#cost += cost;
    for (const [oldest, { cost: freed }] of this.#kept) {
      if (this.#cost <= this.maxCost) return;
      this.#kept.delete(oldest);
      this.#cost -= freed;
    }
  }
}
