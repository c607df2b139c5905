import type { DiffID, LayerEntry } from '@stowage/types';

/** The entries of layers read lately, so that a layer need not be inflated again to be listed. */
export class EntryCache {
  readonly maxCost: number;
  readonly #lists = new Map<DiffID, { readonly entries: readonly LayerEntry[]; readonly cost: number }>();
  #cost = 0;

  /** @param maxCost the most that all lists together may cost */
  constructor(maxCost: number) {
    this.maxCost = maxCost;
  }

  get(diffId: DiffID): readonly LayerEntry[] | undefined {
    const list = this.#lists.get(diffId);
    if (list === undefined) return undefined;
    // The list that was asked for last stands last.
    this.#lists.delete(diffId);
    this.#lists.set(diffId, list);
    return list.entries;
  }

  set(diffId: DiffID, entries: readonly LayerEntry[], cost: number): void {
    if (cost > this.maxCost || this.#lists.has(diffId)) return;
    this.#lists.set(diffId, { entries, cost });
    this.#cost += cost;
    for (const [oldest, { cost: freed }] of this.#lists) {
      if (this.#cost <= this.maxCost) return;
      this.#lists.delete(oldest);
      this.#cost -= freed;
    }
  }
}
