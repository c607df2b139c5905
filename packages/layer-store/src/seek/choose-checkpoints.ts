import type { Checkpoint } from '@stowage/core';

/** After how many plain bytes a scan takes a checkpoint; only some of them are kept. */
export const CHECKPOINT_EVERY: number = 2 << 20;

/** What is between two checkpoints that are kept has no more plain and compressed bytes than this, where it can be helped. */
const MAX_PLAIN = 4.5 * 2 ** 20;
const MAX_COMPRESSED = 1.5 * 2 ** 20;

/**
 * The checkpoints that are worth keeping: as few as can be without making reading from the middle dear. The window of
 * one takes room in the index, and the less the worse a layer can be compressed; one without a window is kept.
 *
 * @param end where the layer ends
 */
export function chooseCheckpoints(
  all: readonly Checkpoint[],
  end: { readonly in: number; readonly out: number },
): Checkpoint[] {
  const chosen: Checkpoint[] = [];
  let last = { in: 0, out: 0 };
  for (const [index, checkpoint] of all.entries()) {
    const next = all[index + 1] ?? end;
    const isNear = next.out - last.out <= MAX_PLAIN && next.in - last.in <= MAX_COMPRESSED;
    if (isNear && checkpoint.window.length > 0) continue;
    chosen.push(checkpoint);
    last = checkpoint;
  }
  return chosen;
}
