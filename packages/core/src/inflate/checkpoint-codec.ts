import type { Bytes } from '@stowage/types';
import type { Checkpoint } from './checkpoint.ts';

/** What {@link decodeCheckpoints} may take. */
export interface DecodeCheckpointsOptions {
  /** The most bytes that the checkpoints may have in memory, windows and all. Default 256 MiB */
  readonly maxBytes?: number | undefined;
}

/**
 * Writes checkpoints in a compact form, to be kept beside the stream that they are of.
 *
 * @param checkpoints in order, as an inflater has them
 * @returns bytes for {@link decodeCheckpoints}; they differ from runtime to runtime
 * @throws `INVALID_ARGUMENT` for what are no checkpoints in order
 *
 * @example
 * ```ts
 * import { decodeCheckpoints, encodeCheckpoints } from '@stowage/core';
 *
 * const bytes = await encodeCheckpoints([{ in: 1000, bits: 3, out: 40_000, window: new Uint8Array(32_768) }]);
 * console.log(bytes.length < 100, (await decodeCheckpoints(bytes))[0]?.out); // true 40000
 * ```
 */
export async function encodeCheckpoints(checkpoints: readonly Checkpoint[]): Promise<Bytes> {
  const { writeCheckpoints } = await import('./checkpoint-form.ts');
  return writeCheckpoints(checkpoints);
}

/**
 * Reads what {@link encodeCheckpoints} wrote.
 *
 * @param bytes all of it
 * @param options how much there may be
 * @returns the checkpoints in order
 * @throws `INVALID_ARCHIVE` for bytes that are damaged or no checkpoints at all, `UNSUPPORTED` for those of a later
 *   version of the form, `LIMIT_EXCEEDED`
 *
 * @example
 * ```ts
 * import { decodeCheckpoints, encodeCheckpoints } from '@stowage/core';
 *
 * console.log(await decodeCheckpoints(await encodeCheckpoints([]))); // []
 * ```
 */
export async function decodeCheckpoints(
  bytes: Bytes,
  options: DecodeCheckpointsOptions = {},
): Promise<Checkpoint[]> {
  const { readCheckpoints } = await import('./checkpoint-form.ts');
  return readCheckpoints(bytes, options.maxBytes);
}
