import { isStowageError } from './errors.ts';
import type { ErrorCode } from './errors.ts';
import { registryErrorCodeInfo } from './registry-error-codes.ts';
import { isRegistryError } from './registry-error.ts';

/** The classes that moby sorts errors into, each in one or two words. */
export type ErrorClass =
  | 'not found'
  | 'invalid parameter'
  | 'conflict'
  | 'unauthorized'
  | 'unavailable'
  | 'forbidden'
  | 'not implemented'
  | 'system'
  | 'unknown'
  | 'data loss'
  | 'deadline'
  | 'cancelled';

/** The class of every code. Codes that moby has no class for are `unknown`. */
const CLASS_OF_CODE: Readonly<Record<ErrorCode, ErrorClass>> = {
  INVALID_ARGUMENT: 'invalid parameter',
  INVALID_DIGEST: 'invalid parameter',
  INVALID_REFERENCE: 'invalid parameter',
  INVALID_MANIFEST: 'invalid parameter',
  INVALID_ARCHIVE: 'invalid parameter',
  NOT_FOUND: 'not found',
  ALREADY_EXISTS: 'conflict',
  AMBIGUOUS: 'unknown',
  CONFLICT: 'conflict',
  UNAUTHENTICATED: 'unauthorized',
  DENIED: 'forbidden',
  RATE_LIMITED: 'unknown',
  UNAVAILABLE: 'unavailable',
  TIMEOUT: 'deadline',
  UNSUPPORTED: 'not implemented',
  DIGEST_MISMATCH: 'data loss',
  SIZE_MISMATCH: 'data loss',
  LIMIT_EXCEEDED: 'unknown',
  DATA_LOSS: 'data loss',
  PLATFORM_MISMATCH: 'invalid parameter',
  REGISTRY: 'unknown',
  STORAGE: 'system',
};

const STATUS_OF_CLASS: Readonly<Record<ErrorClass, number>> = {
  'not found': 404,
  'invalid parameter': 400,
  conflict: 409,
  unauthorized: 401,
  unavailable: 503,
  forbidden: 403,
  'not implemented': 501,
  system: 500,
  unknown: 500,
  'data loss': 500,
  deadline: 500,
  cancelled: 500,
};

/** The classes of errors that the platform throws, by their name. */
const CLASS_OF_NAME: Readonly<Record<string, ErrorClass>> = {
  AbortError: 'cancelled',
  TimeoutError: 'deadline',
};

/** A chain of causes is followed no further than this: it may be a ring. */
const MAX_CAUSES = 64;

/**
 * The class that moby would put an error into. The first error of the chain of causes that has a class decides: a
 * {@link StowageError} has one by its code, an aborted call and one that took too long by their name; any other error
 * is passed over for its cause.
 *
 * @param error any caught value
 * @returns `undefined` where nothing in the chain has a class
 *
 * @example
 * ```ts
 * import { errorClassOf, StowageError } from '@stowage/types';
 *
 * const cause = new StowageError('NOT_FOUND', 'no such image');
 * console.log(errorClassOf(new Error('cannot remove', { cause }))); // not found
 * ```
 */
export function errorClassOf(error: unknown): ErrorClass | undefined {
  return classified(error)?.errorClass;
}

/**
 * The HTTP status that moby's API would answer an error with: its classes NotFound 404, InvalidParameter 400,
 * Conflict 409, Unauthorized 401, Unavailable 503, Forbidden 403, NotImplemented 501; everything else 500. The first
 * error of the chain of causes that has a class decides. Where its class is unknown and it came from a registry, the
 * first item of the registry's list does: 429 for `TOOMANYREQUESTS`, 400 for `NAME_INVALID`.
 *
 * @param error any caught value
 *
 * @example
 * ```ts
 * import { httpStatusOf, StowageError } from '@stowage/types';
 *
 * console.log(httpStatusOf(new StowageError('DENIED', 'no'))); // 403
 * ```
 */
export function httpStatusOf(error: unknown): number {
  const found = classified(error);
  if (found === undefined) return 500;
  if (found.errorClass === 'unknown' && isRegistryError(found.error)) {
    const [first] = found.error.errors;
    if (first !== undefined) return registryErrorCodeInfo(first.code).status;
  }
  return STATUS_OF_CLASS[found.errorClass];
}

function classified(
  error: unknown,
): { readonly error: unknown; readonly errorClass: ErrorClass } | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES; depth += 1) {
    if (typeof current !== 'object' || current === null) return undefined;
    const errorClass = classOf(current);
    if (errorClass !== undefined) return { error: current, errorClass };
    current = 'cause' in current ? current.cause : undefined;
  }
  return undefined;
}

function classOf(error: object): ErrorClass | undefined {
  // A copy of this package from another version may have codes that this one does not know.
  if (isStowageError(error)) return (CLASS_OF_CODE as Partial<typeof CLASS_OF_CODE>)[error.code] ?? 'unknown';
  const { name } = error as { readonly name?: unknown };
  return typeof name === 'string' && Object.hasOwn(CLASS_OF_NAME, name) ? CLASS_OF_NAME[name] : undefined;
}
