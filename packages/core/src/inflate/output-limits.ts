import { StowageError } from '@stowage/types';

/** Below this much output a ratio says nothing. */
const RATIO_FLOOR = 1024 * 1024;

/** Fails with `LIMIT_EXCEEDED` where there is more output than allowed, of so much input. */
export function checkOutput(
  bytesIn: number,
  bytesOut: number,
  limits: { readonly maxBytes?: number | undefined; readonly maxRatio?: number | undefined },
): void {
  const { maxBytes = Infinity, maxRatio = Infinity } = limits;
  // Written so that a limit that is no number lets nothing through.
  if (!(bytesOut <= maxBytes)) {
    throw new StowageError('LIMIT_EXCEEDED', `content is longer than ${maxBytes} bytes once decompressed`);
  }
  if (bytesOut > RATIO_FLOOR && !(bytesOut <= bytesIn * maxRatio)) {
    throw new StowageError(
      'LIMIT_EXCEEDED',
      `content is more than ${maxRatio} times longer once decompressed`,
    );
  }
}
