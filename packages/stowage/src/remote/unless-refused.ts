import { isStowageError } from '@stowage/types';
import type { AbortOptions } from '@stowage/types';

/** What was asked for; `undefined` where it cannot be had, for whatever reason but an abort: there is another way. */
export async function unlessRefused<T>(asked: Promise<T>, { signal }: AbortOptions): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    signal?.throwIfAborted();
    if (isStowageError(error)) return undefined;
    throw error;
  }
}
