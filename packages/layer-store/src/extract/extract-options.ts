import type { AbortOptions } from '@stowage/types';

/** What an image may cost on disk. Each defaults to the value of {@link DEFAULT_EXTRACT_LIMITS}. */
export interface ExtractLimits {
  /** The most entries of all layers together; one with long names counts as several. */
  readonly maxEntries?: number | undefined;
  /** The most bytes of content that are written; holes of sparse files take no room and do not count. */
  readonly maxBytes?: number | undefined;
  /** The longest path below the target, in bytes. */
  readonly maxPathLength?: number | undefined;
  /** The longest name in a directory, in bytes. */
  readonly maxNameLength?: number | undefined;
}

/**
 * The limits that hold where none are given: two million entries, 64 GiB of content, and paths and names that Linux
 * takes with some room for the path of the target: 3,840 and 255 bytes.
 *
 * @example
 * ```ts
 * import { DEFAULT_EXTRACT_LIMITS } from '@stowage/layer-store/node';
 *
 * console.log(DEFAULT_EXTRACT_LIMITS.maxNameLength); // 255
 * ```
 */
export const DEFAULT_EXTRACT_LIMITS: { readonly [Name in keyof ExtractLimits]-?: number } = Object.freeze({
  maxEntries: 2_000_000,
  maxBytes: 64 * 2 ** 30,
  maxPathLength: 3840,
  maxNameLength: 255,
});

/**
 * Something that an image has and the directory has not. `xattrs`: extended attributes, for which the runtimes have no
 * call. `device` and `fifo`: special files, unless `specialFiles` asks for them or where the system refused them.
 */
export interface Omission {
  readonly what: 'xattrs' | 'device' | 'fifo';
  /** The path in the image. */
  readonly path: string;
  /** Why, in words. */
  readonly reason: string;
}

/** How far an extraction has come. */
export interface ExtractProgress {
  /** How many layers are done, from the base on: some are written at the same time. */
  readonly layers: number;
  readonly totalLayers: number;
  /** How many bytes of content are written. */
  readonly bytes: number;
  readonly totalBytes: number;
}

/** What {@link extract} takes beside the layers. */
export interface ExtractOptions extends AbortOptions {
  /** The directory to make. It must not exist, or be empty; the directories above it are made where they are missing. */
  readonly to: string;
  readonly limits?: ExtractLimits | undefined;
  /**
   * `keep` gives every file the owner that the image says, which takes root; `mine` leaves all to whoever extracts.
   * Default: `keep` for root, `mine` for everybody else.
   */
  readonly owners?: 'keep' | 'mine' | undefined;
  /**
   * `omit` leaves out devices and fifos, and tells; `mknod` makes them by the program of that name, as no runtime has a
   * call for it. Devices take root. Default `omit`.
   */
  readonly specialFiles?: 'omit' | 'mknod' | undefined;
  /** Told of everything that is left out, before {@link extract} ends. */
  readonly onOmission?: ((omission: Omission) => void) | undefined;
  /** Told from time to time how far it has come. */
  readonly onProgress?: ((progress: ExtractProgress) => void) | undefined;
}

/** What {@link extract} has done. */
export interface ExtractResult {
  /** The directory, as an absolute path. */
  readonly path: string;
  /** How many entries it has, the directory itself not counted. */
  readonly entries: number;
  /** Bytes of content, holes not counted. */
  readonly bytes: number;
  /** Whose the files are; see {@link ExtractOptions}. */
  readonly owners: 'keep' | 'mine';
  /** How many layers an earlier call had done already. */
  readonly resumedLayers: number;
  /** How many things were left out; `onOmission` tells which. */
  readonly omissions: { readonly [What in Omission['what']]: number };
}
