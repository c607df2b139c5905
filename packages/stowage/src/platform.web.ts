import { StowageError } from '@stowage/types';

/** A page has no directory to extract to. */
export function extractLayers(): Promise<never> {
  return Promise.reject(new StowageError('UNSUPPORTED', 'a page cannot extract an image to a directory'));
}
