import { StowageError } from '@stowage/types';
import type { DiffID } from '@stowage/types';

/** The error for a blob that is not the layer any more that it was registered as. */
export function dataLoss(diffId: DiffID, cause?: unknown): StowageError {
  return new StowageError(
    'DATA_LOSS',
    `could not verify layer data for: ${diffId}. This may be because internal files in the layer store ` +
      `were modified. Re-pulling or rebuilding this image may resolve the issue`,
    cause === undefined ? {} : { cause },
  );
}

/** The error for a layer that has not all of a file in it. */
export function endsEarly(missing: number): StowageError {
  return new StowageError('DATA_LOSS', `a layer ends ${missing} bytes before the end of a file in it`);
}
