import type { AbortOptions, ChainID, Layer, LayerDownload, ProgressOutput } from '@stowage/types';
import { untilAborted } from '../shared/abort.ts';
import { registrationJob } from './layer-registration.ts';
import type { Registration, RegistrationDeps } from './layer-registration.ts';
import type { TransferManager } from '../shared/transfer-manager.ts';
import type { Transfer, Watcher } from '../shared/transfer.ts';

/** What bringing in layers needs. */
export interface MissingLayersDeps extends RegistrationDeps {
  /** Runs the registrations, each stack once. Without a limit: one waits for the other. */
  readonly registrations: TransferManager;
}

/** A stack of layers of which the lowest ones are there already. */
export interface PartialStack {
  /** All layers, base first. */
  readonly layers: readonly LayerDownload[];
  /** How many of them, from the base on, are there. */
  readonly existing: number;
  /** What the first layer of all stands on. */
  readonly base: ChainID | undefined;
  /** What the first missing layer stands on. */
  readonly foundation: ChainID | undefined;
}

/**
 * Downloads and registers the missing layers of a stack, together with whoever else wants them, and answers the top
 * one, held. On failure or abort it keeps nothing, and the work goes on only where others want it.
 */
export async function bringInMissingLayers(
  stack: PartialStack,
  deps: MissingLayersDeps,
  progressOutput: ProgressOutput,
  options: AbortOptions,
): Promise<Layer> {
  const { layerStore } = deps;
  const watchers = startRegistrations(stack, deps, progressOutput);
  let over = false;
  const registered = watchers.map(async ({ done }, index) => {
    const { layer } = await done;
    if (!over) await stack.layers[stack.existing + index]?.registered?.(layer.diffId);
    return layer;
  });
  let top: Layer | undefined;
  try {
    const held = await untilAborted(Promise.all(registered), options.signal);
    top = await layerStore.get((held.at(-1) as Layer).chainId, options);
    await Promise.all(watchers.map((watcher) => watcher.release()));
    return top;
  } catch (error) {
    over = true;
    // What nobody else wants has wound down before the caller hears of the end: no file is open, no layer half gone.
    await Promise.allSettled(watchers.map((watcher) => watcher.release()));
    if (top !== undefined) await layerStore.release(top);
    throw error;
  }
}

/** Starts or joins one registration for each missing layer. */
function startRegistrations(
  stack: PartialStack,
  deps: MissingLayersDeps,
  progressOutput: ProgressOutput,
): readonly Watcher<Registration>[] {
  const { layers, existing, base, foundation } = stack;
  const dispose = async ({ layer }: Registration): Promise<void> => {
    await deps.layerStore.release(layer);
  };
  const watchers: Watcher<Registration>[] = [];
  const byKey = new Map<string, Transfer<Registration>>();
  let parent: Transfer<Registration> | undefined;
  // A registration is named by all that it stands on, so that only equal stacks share it.
  let name = JSON.stringify(base ?? '');
  for (const [index, layer] of layers.entries()) {
    name += JSON.stringify(layer.key);
    if (index < existing) continue;
    const twin = byKey.get(layer.key);
    if (twin === undefined) progressOutput({ id: layer.id, action: 'Pulling fs layer', phase: 'queued' });
    const job = registrationJob({ layer, parent, foundation, twin }, deps);
    const { transfer, watcher } = deps.registrations.transfer(name, job, progressOutput, { dispose });
    watchers.push(watcher);
    if (twin === undefined) byKey.set(layer.key, transfer);
    parent = transfer;
  }
  return watchers;
}
