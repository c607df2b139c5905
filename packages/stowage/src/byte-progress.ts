import type { Phase, ProgressOutput } from '@stowage/types';

/** What the counted work is called. */
export interface ByteProgressInit {
  readonly id: string;
  readonly action: string;
  readonly phase: Phase;
  /** Bytes in all; 0 where unknown. */
  readonly total: number;
}

/** Bytes that may pass between two steps of progress, as in moby: 512 KiB, or 1 % where that is less. */
const MAX_STEP = 512 * 1024;

/**
 * Turns a running count of bytes into progress that is not told for every chunk.
 *
 * @param output where progress goes
 * @returns a function that takes the count so far; the end is always told
 */
export function createByteProgress(
  output: ProgressOutput,
  { id, action, phase, total }: ByteProgressInit,
): (current: number) => void {
  const step = total > 0 ? Math.min(MAX_STEP, total / 100) : MAX_STEP;
  let told = -Infinity;
  return (current) => {
    if (current - told < step && (current !== total || told === total)) return;
    told = current;
    output({ id, action, phase, current, total });
  };
}
