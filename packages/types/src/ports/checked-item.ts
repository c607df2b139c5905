import type { AbortOptions } from '../bytes.ts';

/** One thing that a check of a store has looked at. */
export interface CheckedItem {
  /** What kind of thing it is. `index` is the list of names, with what other tools wrote into it. */
  readonly kind: 'blob' | 'layer' | 'image' | 'reference' | 'index';
  /** What names it: a digest, a ChainID, an image ID, a reference, the name of a file. */
  readonly subject: string;
  /** What is wrong with it, in words. Absent where it is sound. */
  readonly fault?: string;
  /** Takes it out of the store. Absent where it is sound, or not ours to take. */
  readonly drop?: (options?: AbortOptions) => Promise<void>;
}
