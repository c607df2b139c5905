/** What an archive may cost. Each defaults to the value of {@link DEFAULT_ARCHIVE_LIMITS}. */
export interface ArchiveLimits {
  /** The most bytes of the whole archive, decompressed. */
  readonly maxBytes?: number | undefined;
  /** The most files, folders and links. */
  readonly maxEntries?: number | undefined;
  /** The most bytes of a document: `manifest.json`, `index.json`, `repositories`, a manifest. */
  readonly maxDocumentBytes?: number | undefined;
  /** The most images. */
  readonly maxImages?: number | undefined;
}

/**
 * The limits that hold where none are given: 256 GiB, 100,000 entries, 4 MiB for a document, as registries have it for
 * manifests, and 10,000 images.
 *
 * @example
 * ```ts
 * import { DEFAULT_ARCHIVE_LIMITS } from '@stowage/image-store';
 *
 * console.log(DEFAULT_ARCHIVE_LIMITS.maxEntries); // 100000
 * ```
 */
export const DEFAULT_ARCHIVE_LIMITS: { readonly [Name in keyof ArchiveLimits]-?: number } = Object.freeze({
  maxBytes: 256 * 2 ** 30,
  maxEntries: 100_000,
  maxDocumentBytes: 4 << 20,
  maxImages: 10_000,
});

/** Limits, every one of them given. */
export type ResolvedArchiveLimits = { readonly [Name in keyof ArchiveLimits]-?: number };

/** Fills in the defaults. */
export function resolveArchiveLimits(limits: ArchiveLimits = {}): ResolvedArchiveLimits {
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  return { ...DEFAULT_ARCHIVE_LIMITS, ...Object.fromEntries(given) };
}
