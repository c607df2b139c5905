import { isStowageError, StowageError } from '@stowage/types';

const brand: unique symbol = Symbol.for('@stowage/transfer:DoNotRetry') as never;

/**
 * Wraps an error to say that trying again is of no use. It has the message and the code of the error that it wraps;
 * where that has no code, `REGISTRY`. The wrapped error is its `cause`. Recognise it with {@link isDoNotRetry}.
 *
 * @example
 * ```ts
 * import { DoNotRetry, isDoNotRetry } from '@stowage/transfer';
 *
 * const error = new DoNotRetry(new Error('no such repository'));
 * console.log(isDoNotRetry(error), error.message); // true no such repository
 * ```
 */
export class DoNotRetry extends StowageError {
  override readonly name: string = 'DoNotRetry';

  constructor(cause: unknown) {
    super(
      isStowageError(cause) ? cause.code : 'REGISTRY',
      cause instanceof Error ? cause.message : String(cause),
      isStowageError(cause) ? { cause, reason: cause.reason } : { cause },
    );
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Tells whether a caught value is a {@link DoNotRetry}, across copies of this package.
 *
 * @param error any caught value
 *
 * @example
 * ```ts
 * import { isDoNotRetry } from '@stowage/transfer';
 *
 * console.log(isDoNotRetry(new Error('try again'))); // false
 * ```
 */
export function isDoNotRetry(error: unknown): error is DoNotRetry {
  return typeof error === 'object' && error !== null && brand in error;
}
