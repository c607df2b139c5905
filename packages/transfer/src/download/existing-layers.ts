import { chainId } from '@stowage/core';
import { isStowageError } from '@stowage/types';
import type {
  AbortOptions,
  ChainID,
  DiffID,
  Layer,
  LayerDownload,
  LayerStore,
  ProgressOutput,
} from '@stowage/types';

/** The layers at the bottom of a stack that need no download. */
export interface ExistingLayers {
  /** How many there are. */
  readonly count: number;
  /** The top one, held; absent where there is none. */
  readonly top: Layer | undefined;
}

/**
 * Looks for layers that are in the store already, base first, until the first that is not. The hold on the top one
 * is the caller's; the others keep none.
 */
export async function findExistingLayers(
  layerStore: LayerStore,
  base: ChainID | undefined,
  layers: readonly LayerDownload[],
  progressOutput: ProgressOutput,
  options: AbortOptions,
): Promise<ExistingLayers> {
  let top: Layer | undefined;
  let count = 0;
  try {
    for (const layer of layers) {
      const next = await find(layerStore, top?.chainId ?? base, layer, options);
      if (next === undefined) break;
      const previous = top;
      top = next;
      count += 1;
      if (previous !== undefined) await layerStore.release(previous);
      progressOutput({ id: layer.id, action: 'Already exists', phase: 'existing' });
      await layer.registered?.(next.diffId);
    }
    return { count, top };
  } catch (error) {
    if (top !== undefined) await layerStore.release(top);
    throw error;
  }
}

/** The ChainID of a layer on top of a stack that is known by its own ChainID alone. */
export function chainOnTop(parent: ChainID | undefined, diffId: DiffID): ChainID {
  return chainId(parent === undefined ? [diffId] : [parent, diffId]);
}

async function find(
  layerStore: LayerStore,
  parent: ChainID | undefined,
  layer: LayerDownload,
  options: AbortOptions,
): Promise<Layer | undefined> {
  const diffId = await layer.diffId(options);
  if (diffId === undefined) return undefined;
  try {
    return await layerStore.get(chainOnTop(parent, diffId), options);
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}
