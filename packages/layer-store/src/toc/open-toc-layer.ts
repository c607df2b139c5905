import { StowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';
import { findToc } from './find-toc.ts';
import { resolveTocLimits } from './toc.ts';
import type { TocLayer, TocLayerInit } from './toc.ts';

/**
 * Opens a layer that has a table of contents, or for which SOCI has made one, so that its files are read without the rest
 * of it: from a registry by single-range requests, with no blob in between.
 *
 * @param init the layer, what has it, and where its table is; limits
 * @param options a signal, for the table alone
 * @returns the layer, its entries in memory
 * @throws `UNSUPPORTED` where there is no table, or one of another version; `INVALID_ARCHIVE` for one that is malformed or
 *   not of this layer, `DIGEST_MISMATCH` for one that is not what the descriptor says, `LIMIT_EXCEEDED`, `NOT_FOUND`,
 *   `DATA_LOSS` where the layer is shorter than its descriptor says
 *
 * @example
 * ```ts
 * import { createTarWriter, streamOf } from '@stowage/core';
 * import { openLayerStore, openTocLayer } from '@stowage/layer-store';
 * import { createMemoryStorage } from '@stowage/storage';
 * import { isStowageError } from '@stowage/types';
 *
 * const storage = createMemoryStorage();
 * const { content } = storage;
 * const layers = await openLayerStore({ storage });
 * const { descriptor, diffId } = await layers.register(streamOf(createTarWriter().end()));
 * try {
 *   const layer = await openTocLayer({ content, descriptor, diffId });
 *   for await (const entry of layer.entries()) console.log(entry.path);
 * } catch (error) {
 *   console.log(isStowageError(error, 'UNSUPPORTED')); // true: this layer has no table
 * }
 * ```
 */
export async function openTocLayer(init: TocLayerInit, options: AbortOptions = {}): Promise<TocLayer> {
  options.signal?.throwIfAborted();
  const limits = resolveTocLimits(init.limits);
  if (init.ztoc !== undefined) {
    const { openZtocLayer } = await import('./ztoc-layer.ts');
    return openZtocLayer(init, init.ztoc, limits, options);
  }
  const toc = init.toc ?? (await findToc(init.content, init.descriptor, options));
  if (toc === undefined) {
    throw new StowageError('UNSUPPORTED', `layer ${init.descriptor.digest} has no table of contents`);
  }
  const { openChunkedLayer } = await import('./chunked-layer.ts');
  return openChunkedLayer(init, toc, limits, options);
}
