import { isDoNotRetry } from '@stowage/transfer';
import { familiarName, familiarString, isRegistryError, RegistryError } from '@stowage/types';
import type { Reference } from '@stowage/types';

/**
 * Words an error of a pull as moby's TranslatePullError does, so that it names what was asked for. Other errors are
 * returned as they are. Unlike in moby, a bare code is worded so too: it says as little about what was asked for.
 *
 * @param error whatever the pull failed with
 * @param reference what was pulled
 */
export function translatePullError(error: unknown, reference: Reference): unknown {
  if (isDoNotRetry(error)) return translatePullError(error.cause, reference);
  if (!isRegistryError(error)) return error;
  const message = translate(error, reference);
  if (message === undefined) return error;
  const { method, url, status, errors } = error;
  return new RegistryError('NOT_FOUND', message, { method, url, status, errors, cause: error });
}

function translate(error: RegistryError, reference: Reference): string | undefined {
  switch (error.errors[0]?.code) {
    case 'DENIED':
      return (
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require ` +
        `'docker login': ${error.message}`
      );
    case 'MANIFEST_UNKNOWN':
      return `manifest for ${familiarString(reference)} not found: ${error.message}`;
    case 'NAME_UNKNOWN':
      return `repository ${familiarName(reference)} not found: ${error.message}`;
    default:
      return undefined;
  }
}
