import { withLock } from '@stowage/core';
import { checkImages } from '@stowage/image-store';
import { checkLayers } from '@stowage/layer-store';
import { checkContent } from '@stowage/storage';
import type { AbortOptions, ChainID, CheckedItem, ImageStore, Storage } from '@stowage/types';
import { COLLECTION_LOCK } from './leases.ts';

/** How a store is checked. */
export interface CheckOptions extends AbortOptions {
  /**
   * Whether to take out of the store what cannot be trusted: damaged blobs, and layers, images and names that miss
   * something. Nothing is mended by guessing; pull again what was lost. Default `false`.
   */
  readonly repair?: boolean | undefined;
  /** Told of every thing that was looked at. */
  readonly onChecked?: ((item: Pick<CheckedItem, 'kind' | 'subject' | 'fault'>) => void) | undefined;
}

/** What is checked. */
export interface CheckDeps {
  readonly storage: Storage;
  readonly imageStore: ImageStore;
}

/** Something that is wrong with a store. */
export interface StoreProblem {
  readonly kind: CheckedItem['kind'];
  /** A digest, a ChainID, an image ID, a reference or the name of a file. */
  readonly subject: string;
  readonly fault: string;
  /** Whether it was taken out of the store. */
  readonly dropped: boolean;
}

/** What a check found. */
export interface CheckReport {
  /** How many things of each kind were looked at. */
  readonly checked: Readonly<Record<CheckedItem['kind'], number>>;
  /** Everything that is wrong, from the blobs up. */
  readonly problems: readonly StoreProblem[];
}

/**
 * Looks at everything in a store, from the blobs up, and goes on whatever it finds. No garbage is collected meanwhile.
 *
 * @param deps the storage and its images
 * @param options whether to drop what cannot be trusted
 */
export function checkStore(deps: CheckDeps, options: CheckOptions = {}): Promise<CheckReport> {
  return withLock(deps.storage, COLLECTION_LOCK, () => check(deps, options), options);
}

async function check(
  deps: CheckDeps,
  { repair = false, onChecked, signal }: CheckOptions,
): Promise<CheckReport> {
  const checked = { blob: 0, layer: 0, image: 0, reference: 0, index: 0 };
  const problems: StoreProblem[] = [];
  const layers = new Set<ChainID>();
  // What was dropped in one step is missed in the next: so a repair reaches all that stands on it.
  const steps = [
    () => checkContent(deps.storage.content, { signal }),
    () => checkLayers(deps.storage, { signal }),
    () => checkImages({ ...deps, layers }, { signal }),
  ];
  for (const begin of steps) {
    for await (const { kind, subject, fault, drop } of begin()) {
      checked[kind] += 1;
      onChecked?.({ kind, subject, ...(fault === undefined ? {} : { fault }) });
      if (kind === 'layer' && fault === undefined) layers.add(subject as ChainID);
      if (fault === undefined) continue;
      const dropped = repair && drop !== undefined;
      if (dropped) await drop({ signal });
      problems.push({ kind, subject, fault, dropped });
    }
  }
  return { checked, problems };
}
