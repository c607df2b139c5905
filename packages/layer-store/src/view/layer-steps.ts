import type { History } from '@stowage/types';

/** The build step that made a layer. */
export interface LayerStep {
  /** Its place in the history of the image's configuration, the first 0; absent where the history does not tell. */
  readonly step?: number;
  /** What the history says of it. */
  readonly history?: History;
}

/** The step of each layer, base first: those of the history that are not marked as making none. */
export function stepsOf(history: readonly History[]): LayerStep[] {
  return history.flatMap((entry, step) => (entry.empty_layer === true ? [] : [{ step, history: entry }]));
}
