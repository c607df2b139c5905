import type { AbortOptions } from '../bytes.ts';

/** How something in a storage is changed. */
export interface ChangeOptions extends AbortOptions {
  /**
   * Whether a loss of power must not undo the change once the promise resolves. What need not last costs less: it
   * survives the process all the same, but a loss of power may undo the change, or damage a value that was written.
   * Default `true`.
   */
  readonly durable?: boolean | undefined;
}
