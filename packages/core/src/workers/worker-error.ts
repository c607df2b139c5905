import { isStowageError, StowageError } from '@stowage/types';
import type { ErrorCode } from '@stowage/types';

/** An error as it crosses the boundary of a worker, where classes and their fields get lost. */
export interface ErrorMessage {
  readonly name: string;
  readonly message: string;
  /** Of a StowageError only. */
  readonly stowage?:
    | { readonly code: ErrorCode; readonly retryable: boolean; readonly reason: string | undefined }
    | undefined;
  readonly cause?: ErrorMessage | undefined;
}

/** How many causes of causes are told: a chain may be a circle. */
const MAX_DEPTH = 4;

/** Puts anything that was thrown into words that can be posted. */
export function encodeError(error: unknown, depth = 0): ErrorMessage {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) };
  const { name, message, cause } = error;
  return {
    name,
    message,
    stowage: isStowageError(error)
      ? { code: error.code, retryable: error.retryable, reason: error.reason }
      : undefined,
    cause: cause === undefined || depth === MAX_DEPTH ? undefined : encodeError(cause, depth + 1),
  };
}

/** Makes the error again: a StowageError with code, message and reason, or an Error of the same name. */
export function decodeError({ name, message, stowage, cause }: ErrorMessage): Error {
  const options = cause === undefined ? {} : { cause: decodeError(cause) };
  if (stowage !== undefined) {
    const { code, retryable, reason } = stowage;
    return new StowageError(code, message, { ...options, retryable, reason });
  }
  const error = new Error(message, options);
  error.name = name;
  return error;
}
