import { createProgressThrottle, discardProgress, isStowageError, StowageError } from '@stowage/types';
import type { ChainID, DownloadedLayer, Layer, LayerDownload, LayerStore } from '@stowage/types';
import { abortError, untilAborted } from '../shared/abort.ts';
import { startDownload } from './blob-downloads.ts';
import type { BlobDownloadDeps } from './blob-downloads.ts';
import type { Transfer, TransferContext, TransferJob } from '../shared/transfer.ts';

/** A layer that is registered, and the blob that it came from. */
export interface Registration {
  /** Held until nobody watches the registration any more. */
  readonly layer: Layer;
  readonly blob: DownloadedLayer;
}

/** What all registrations use. */
export interface RegistrationDeps extends BlobDownloadDeps {
  readonly layerStore: LayerStore;
}

/** Where a layer goes, and where its blob comes from. */
export interface RegistrationPlan {
  readonly layer: LayerDownload;
  /** The layer beneath, where it is on its way too. */
  readonly parent: Transfer<Registration> | undefined;
  /** What the lowest layer that is on its way stands on. */
  readonly foundation: ChainID | undefined;
  /** A layer further down with the same blob: it is not downloaded again, and nothing is said about this layer. */
  readonly twin: Transfer<Registration> | undefined;
}

/**
 * The job that brings one layer in: it downloads the blob, beside all others, and registers it once the layer beneath
 * is registered.
 */
export function registrationJob(plan: RegistrationPlan, deps: RegistrationDeps): TransferJob<Registration> {
  const { layer, twin } = plan;
  return async (context) => {
    if (twin !== undefined) {
      const blob = twin.done.then((registration) => registration.blob);
      return await register(blob, plan, { ...context, progress: discardProgress }, deps);
    }
    const watcher = startDownload(layer, deps, context.progress);
    try {
      return await register(watcher.done, plan, context, deps);
    } finally {
      await watcher.release();
    }
  };
}

async function register(
  blobReady: Promise<DownloadedLayer>,
  plan: RegistrationPlan,
  context: TransferContext,
  deps: RegistrationDeps,
): Promise<Registration> {
  const { signal, progress } = context;
  const { id } = plan.layer;
  try {
    const [blob, beneath] = await untilAborted(Promise.all([blobReady, plan.parent?.done]), signal);
    const { descriptor, scanned } = blob;
    const extracting = { id, action: 'Extracting', total: descriptor.size, phase: 'extracting' } as const;
    progress({ ...extracting, current: 0 });
    const { update } = createProgressThrottle(progress, { ...extracting, clock: deps.clock });
    const chain = beneath?.layer.chainId ?? plan.foundation;
    const registering = deps.layerStore.registerBlob(descriptor, chain, {
      scanned,
      signal,
      onProgress: update,
    });
    const layer = await registering.catch(refuse);
    progress({ id, action: 'Pull complete', lastUpdate: true, phase: 'done' });
    return { layer, blob };
  } catch (error) {
    throw signal.aborted ? abortError('layer registration cancelled') : error;
  }
}

function refuse(cause: unknown): never {
  const message = cause instanceof Error ? cause.message : String(cause);
  const { code, reason } = isStowageError(cause) ? cause : { code: 'STORAGE' as const, reason: undefined };
  throw new StowageError(code, `failed to register layer: ${message}`, { cause, reason });
}
