import type { Bytes } from '@stowage/types';

/** Large enough that a system call and a promise for each are not dear. */
export const BUFFER_SIZE: number = 1024 * 1024;

/** As many as a few downloads at once need; more are left to the garbage collector. */
const MAX_POOLED = 8;
const pool: Bytes[] = [];

/** A buffer of {@link BUFFER_SIZE} bytes with anything in it. */
export function takeBuffer(): Bytes {
  return pool.pop() ?? new Uint8Array(BUFFER_SIZE);
}

/** Gives a buffer back, which must not be used afterwards. */
export function giveBuffer(buffer: Bytes): void {
  if (pool.length < MAX_POOLED) pool.push(buffer);
}
