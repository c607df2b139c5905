import { systemClock } from '@stowage/core';
import { openImageStore, openReferenceStore } from '@stowage/image-store';
import { openLayerStore } from '@stowage/layer-store';
import { createRegistryService } from '@stowage/registry';
import { openStorage } from '@stowage/storage';
import { createDownloadManager } from '@stowage/transfer';
import { StowageError } from '@stowage/types';
import { OpenedStowage } from './opened-stowage.ts';
import { createRegistryAccess } from './access/registry-access.ts';
import type { Stowage, StowageOptions } from './stowage.ts';

/**
 * Opens a store of container images: in a directory in Node, Deno and Bun, in the origin private file system in a page,
 * in memory where neither `root` nor `storage` is given.
 *
 * @param options where the images are kept and how registries are reached
 * @throws `INVALID_ARGUMENT` for malformed mirrors or hosts and for a directory that is something else; `UNSUPPORTED`
 *   for a `root` where there is no place for one; `STORAGE` when the directory cannot be used
 *
 * @example
 * ```ts
 * import { openStowage } from 'stowage';
 *
 * await using stowage = await openStowage();
 * console.log((await stowage.images()).length); // 0
 * ```
 */
export async function openStowage(options: StowageOptions = {}): Promise<Stowage> {
  const { root, storage: given, concurrency, uploadConcurrency, clock = systemClock, ...others } = options;
  const { requireSchema2 = false, verifySchema1Signatures, onImageEvent, ...network } = others;
  if (root !== undefined && given !== undefined) {
    throw new StowageError('INVALID_ARGUMENT', 'give either root or storage, not both');
  }
  const registry = createRegistryService({ ...network, clock });
  const storage = given ?? (await openStorage({ root, clock }));
  try {
    const layers = await openLayerStore({ storage });
    return new OpenedStowage({
      storage,
      ownsStorage: given === undefined,
      layers,
      imageStore: await openImageStore({ storage, layers }),
      references: await openReferenceStore({ storage }),
      registry,
      access: createRegistryAccess({ ...network, registry, clock }),
      downloads: createDownloadManager({ layerStore: layers, concurrency, clock }),
      auth: network.auth,
      uploadConcurrency,
      clock,
      requireSchema2,
      verifySchema1Signatures,
      onImageEvent,
    });
  } catch (error) {
    if (given === undefined) await storage.close();
    throw error;
  }
}
