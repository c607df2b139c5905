import type { Bytes } from '@stowage/types';

/** A place in a compressed stream from which inflation can go on without what came before. */
export interface Checkpoint {
  /** The offset of the compressed byte to go on from. */
  readonly in: number;
  /** How many bits of that byte, the lowest ones, belong to what came before: 0 to 7. */
  readonly bits: number;
  /** How many bytes of output came before. */
  readonly out: number;
  /**
   * The output just before, 32 KiB at most, as far as what follows refers to it: bytes that nothing refers to are
   * zeros, and left out at the beginning.
   */
  readonly window: Bytes;
}

/**
 * Finds the checkpoint to read from: the last one that is not behind `offset`.
 *
 * @param checkpoints in the order of their output
 * @param offset of the first byte of output that is wanted
 * @returns `undefined` where there is none, so that one must read from the beginning
 *
 * @example
 * ```ts
 * import { findCheckpoint } from '@stowage/core';
 *
 * const window = new Uint8Array(0);
 * const checkpoints = [100, 200].map((out) => ({ in: out / 2, bits: 0, out, window }));
 * console.log(findCheckpoint(checkpoints, 150)?.out, findCheckpoint(checkpoints, 50)); // 100 undefined
 * ```
 */
export function findCheckpoint(checkpoints: readonly Checkpoint[], offset: number): Checkpoint | undefined {
  let low = 0;
  let high = checkpoints.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((checkpoints[middle] as Checkpoint).out <= offset) low = middle + 1;
    else high = middle;
  }
  return checkpoints[low - 1];
}
