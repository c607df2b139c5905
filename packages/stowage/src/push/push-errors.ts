import { isDoNotRetry } from '@stowage/transfer';
import { isRegistryError, RegistryError } from '@stowage/types';
import type { ErrorCode } from '@stowage/types';

/** How registries say that a tag stays what it is. */
const IMMUTABLE = /immutable|cannot be overwritten|can't be overwritten|tag.*already exists/i;
/** How they say that there is no room. */
const QUOTA =
  /quota|storage resource.*exceed|exceed.*(?:storage|upper limit)|insufficient storage|out of storage/i;

/**
 * Words an error of a push: what no registry has a code for is told clearly, everything else is as the registry said it,
 * as in moby.
 */
export function explainPushError(error: unknown): unknown {
  if (isDoNotRetry(error)) return explainPushError(error.cause);
  if (!isRegistryError(error)) return error;
  const { message, status, errors } = error;
  const words = [message, ...errors.map(({ message: own }) => own)].join('\n');
  if (status === 507 || (isRefusal(status) && QUOTA.test(words))) {
    return explained(error, 'LIMIT_EXCEEDED', 'the registry has no room left for this repository');
  }
  if (isRefusal(status) && IMMUTABLE.test(words)) {
    return explained(error, 'CONFLICT', 'the registry does not let this tag be moved');
  }
  return error;
}

function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 401;
}

function explained(cause: RegistryError, code: ErrorCode, what: string): RegistryError {
  const { method, url, status, errors } = cause;
  return new RegistryError(code, `${what}: ${cause.message}`, { method, url, status, errors, cause });
}
