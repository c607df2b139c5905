/** What a tar stream may ask of its reader. Each defaults to the value of {@link DEFAULT_TAR_LIMITS}. */
export interface TarLimits {
  /** The most entries. */
  readonly maxEntries?: number | undefined;
  /** The most bytes of one extension header: pax records, a GNU long name, or a sparse map in format 1.0. */
  readonly maxExtensionBytes?: number | undefined;
  /** The longest name or link, in UTF-16 units. */
  readonly maxNameLength?: number | undefined;
  /** The most segments of one sparse file. */
  readonly maxSparseSegments?: number | undefined;
  /**
   * The most UTF-16 units of names, links, owners and extended attributes of all entries together. A segment of a
   * sparse file counts as 16.
   */
  readonly maxTotalText?: number | undefined;
}

/** Limits, every one of them given. Internal to the tar files. */
export type ResolvedTarLimits = { readonly [Name in keyof TarLimits]-?: number };

/**
 * The limits that hold where none are given: a million entries; 1 MiB for an extension header, as Go's reader has it;
 * names of 4096, which is the longest path that Linux takes; 65,536 segments of a sparse file; and 256 Mi of text in
 * all, so that whoever collects the headers knows what they can cost.
 *
 * @example
 * ```ts
 * import { DEFAULT_TAR_LIMITS } from '@stowage/core';
 *
 * console.log(DEFAULT_TAR_LIMITS.maxEntries); // 1000000
 * ```
 */
export const DEFAULT_TAR_LIMITS: { readonly [Name in keyof TarLimits]-?: number } = Object.freeze({
  maxEntries: 1_000_000,
  maxExtensionBytes: 1 << 20,
  maxNameLength: 4096,
  maxSparseSegments: 1 << 16,
  maxTotalText: 256 << 20,
});

/** Fills in the defaults. Internal to the tar files. */
export function resolveTarLimits(limits: TarLimits = {}): ResolvedTarLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_TAR_LIMITS, ...Object.fromEntries(given) };
}
