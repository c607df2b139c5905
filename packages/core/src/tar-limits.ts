/** What a tar stream may ask of its reader. Each defaults to the value of {@link DEFAULT_TAR_LIMITS}. */
export interface TarLimits {
  /** The most entries. */
  readonly maxEntries?: number | undefined;
  /** The most bytes of one extension header: pax records, or a GNU long name. */
  readonly maxExtensionBytes?: number | undefined;
  /** The longest name or link, in UTF-16 units. */
  readonly maxNameLength?: number | undefined;
  /** The most UTF-16 units of names, links and extended attributes of all entries together. */
  readonly maxTotalText?: number | undefined;
}

/**
 * The limits that hold where none are given: a million entries; 1 MiB for an extension header, as Go's reader has it;
 * names of 4096, which is the longest path that Linux takes; and 256 Mi of text in all, so that whoever collects the
 * headers knows what they can cost.
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
  maxTotalText: 256 << 20,
});
