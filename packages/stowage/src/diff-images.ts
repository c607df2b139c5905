import { diffViews } from '@stowage/layer-store';
import type { DiffViewsOptions, ViewDifference } from '@stowage/layer-store';
import type { Stowage } from './stowage.ts';

/** The files in which two images of a store differ. */
export async function diffImages(
  stowage: Pick<Stowage, 'view'>,
  before: string,
  after: string,
  options: DiffViewsOptions,
): Promise<readonly ViewDifference[]> {
  const { signal } = options;
  const old = await stowage.view(before, { signal });
  try {
    const now = await stowage.view(after, { signal });
    try {
      return await diffViews(old, now, options);
    } finally {
      await now.close();
    }
  } finally {
    await old.close();
  }
}
