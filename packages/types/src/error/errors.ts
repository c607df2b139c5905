import { redactText } from './redact.ts';

/**
 * The closed set of reasons a Stowage call can fail. Match on the code with {@link isStowageError}, never on the
 * message and never with `instanceof`: two copies of this package may be installed side by side.
 */
export type ErrorCode = (typeof ERROR_CODES)[number];

/**
 * Every {@link ErrorCode}, for exhaustive tables and documentation.
 *
 * @example
 * ```ts
 * import { ERROR_CODES } from '@stowage/types';
 *
 * console.log(ERROR_CODES.includes('NOT_FOUND')); // true
 * ```
 */
export const ERROR_CODES = [
  'INVALID_ARGUMENT',
  'INVALID_DIGEST',
  'INVALID_REFERENCE',
  'INVALID_MANIFEST',
  'INVALID_ARCHIVE',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'AMBIGUOUS',
  'CONFLICT',
  'UNAUTHENTICATED',
  'DENIED',
  'RATE_LIMITED',
  'UNAVAILABLE',
  'TIMEOUT',
  'UNSUPPORTED',
  'DIGEST_MISMATCH',
  'SIZE_MISMATCH',
  'LIMIT_EXCEEDED',
  'DATA_LOSS',
  'PLATFORM_MISMATCH',
  'REGISTRY',
  'STORAGE',
] as const;

/** What {@link StowageError} takes beside its code and message. */
export interface StowageErrorOptions extends ErrorOptions {
  /** Whether the same call may succeed later without any change. Default `false`. */
  readonly retryable?: boolean | undefined;
  /** A finer reason within the code, for example `'length'` for `INVALID_DIGEST`. */
  readonly reason?: string | undefined;
  /** The message shows what the caller wrote, passwords masked, and stays as it is. Default `false`. */
  readonly verbatim?: boolean | undefined;
}

const brand: unique symbol = Symbol.for('@stowage/types:StowageError') as never;

/**
 * The one error class of Stowage. Subclasses add fields; callers match on {@link StowageError.code}. No message has a
 * secret of a URL in it: each passes through `redactText`, unless it is `verbatim`.
 *
 * @example
 * ```ts
 * import { StowageError, isStowageError } from '@stowage/types';
 *
 * const error = new StowageError('NOT_FOUND', 'no such image');
 * console.log(isStowageError(error, 'NOT_FOUND')); // true
 * ```
 */
export class StowageError extends Error {
  override readonly name: string = 'StowageError';
  /** Why the call failed. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  /** A finer reason within the code, where one is known. */
  readonly reason: string | undefined;

  constructor(code: ErrorCode, message: string, options: StowageErrorOptions = {}) {
    super(
      options.verbatim === true ? message : redactText(message),
      'cause' in options ? { cause: options.cause } : undefined,
    );
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.reason = options.reason;
    Object.defineProperty(this, brand, { value: true });
  }
}

/**
 * Tells whether a caught value is a {@link StowageError}, and of the given code when one is named. Works across
 * copies of this package.
 *
 * @param error any caught value
 * @param code the code to match; any code when left out
 *
 * @example
 * ```ts
 * import { isStowageError, parseDigest } from '@stowage/types';
 *
 * try {
 *   parseDigest('nonsense');
 * } catch (error) {
 *   console.log(isStowageError(error, 'INVALID_DIGEST')); // true
 * }
 * ```
 */
export function isStowageError<C extends ErrorCode = ErrorCode>(
  error: unknown,
  code?: C,
): error is StowageError & { readonly code: C } {
  return (
    typeof error === 'object' &&
    error !== null &&
    brand in error &&
    (code === undefined || ('code' in error && error.code === code))
  );
}
