import { isStowageError } from '@stowage/types';
import type { Digest } from '@stowage/types';
import type { Exchange } from './server-context.ts';

/** Whether the bytes of a blob are there. A record alone does not say so: a garbage collector may have been there. */
export async function hasContent({ context, options }: Exchange, digest: Digest): Promise<boolean> {
  try {
    await context.storage.content.info(digest, options);
    return true;
  } catch (error) {
    if (isStowageError(error, 'NOT_FOUND')) return false;
    throw error;
  }
}
