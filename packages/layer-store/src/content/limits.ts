import type { TarLimits } from '@stowage/core';

/** What a layer may cost. Each defaults to the value of {@link DEFAULT_LAYER_LIMITS}. */
export interface LayerLimits {
  /** The most uncompressed bytes of one layer. */
  readonly maxLayerBytes?: number | undefined;
  /** The most uncompressed bytes for each compressed one, looked at after the first MiB. Default: any. */
  readonly maxRatio?: number | undefined;
  /** How many entries of layers read lately are kept in memory; one with long names counts as several. */
  readonly maxCachedEntries?: number | undefined;
  /**
   * Layers with more entries get no seek index: they are inflated whenever they are looked into. An entry with long names
   * counts as several. 0 for no indexes at all.
   */
  readonly maxIndexedEntries?: number | undefined;
  /** Of the tar stream itself. */
  readonly tar?: TarLimits | undefined;
}

/**
 * The limits that hold where none are given: 64 GiB for a layer, which is more than any published one has, and half a
 * million entries in memory, and in an index. There is no limit on the ratio, because an honest layer of zeros reaches the most that
 * gzip can do.
 *
 * @example
 * ```ts
 * import { DEFAULT_LAYER_LIMITS } from '@stowage/layer-store';
 *
 * console.log(DEFAULT_LAYER_LIMITS.maxLayerBytes / 2 ** 30); // 64
 * ```
 */
export const DEFAULT_LAYER_LIMITS: {
  readonly [Name in 'maxLayerBytes' | 'maxCachedEntries' | 'maxIndexedEntries']: number;
} = Object.freeze({ maxLayerBytes: 64 * 2 ** 30, maxCachedEntries: 500_000, maxIndexedEntries: 500_000 });
