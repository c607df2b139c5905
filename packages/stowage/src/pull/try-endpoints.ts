import {
  FALLBACK_CODES,
  firstFullError,
  isRegistryError,
  isStowageError,
  StowageError,
} from '@stowage/types';
import type { AbortOptions, RegistryEndpoint } from '@stowage/types';
import { CONFIG_FAILURE } from './fetch-config.ts';
import { UNSUPPORTED_MEDIA_TYPE } from './media-types.ts';

/**
 * Runs an operation against one endpoint after another until one succeeds, by moby's rules: a plain http endpoint is
 * left out once its host has answered over TLS, and an error that no other endpoint can mend ends the search.
 *
 * @param endpoints in the order to try them
 * @param attempt the operation; called with one endpoint at a time
 * @throws whatever the last attempt threw; `NOT_FOUND` when there is no endpoint
 */
export async function tryEndpoints<T>(
  endpoints: readonly RegistryEndpoint[],
  attempt: (endpoint: RegistryEndpoint) => Promise<T>,
  { subject, signal }: AbortOptions & { readonly subject: string },
): Promise<T> {
  const confirmedTls = new Set<string>();
  let lastError: unknown = new StowageError('NOT_FOUND', `no endpoints found for ${subject}`);
  for (const endpoint of endpoints) {
    const { protocol, host } = new URL(endpoint.url);
    if (protocol === 'http:' && confirmedTls.has(host)) continue;
    try {
      return await attempt(endpoint);
    } catch (error) {
      signal?.throwIfAborted();
      lastError = error;
      if (!mayFallBack(error, endpoint)) break;
      if (protocol === 'https:' && hasAnswered(error, host)) confirmedTls.add(host);
    }
  }
  throw lastError;
}

/** Whether a host must have answered before an attempt failed: with an error, or by sending us elsewhere. */
function hasAnswered(error: unknown, host: string): boolean {
  if (!isRegistryError(error)) return false;
  if (error.status !== undefined) return true;
  return URL.canParse(error.url) && new URL(error.url).host !== host;
}

function mayFallBack(error: unknown, { mirror }: RegistryEndpoint): boolean {
  const reason = isStowageError(error) ? error.reason : undefined;
  // The manifest itself is at fault, wherever it comes from.
  if (reason === UNSUPPORTED_MEDIA_TYPE) return false;
  if (mirror) return true;
  if (reason === CONFIG_FAILURE) return false;
  // Somebody answered by TLS, and is not who they should be.
  if (reason === 'certificate') return false;
  if (!isRegistryError(error))
    return isStowageError(error, 'UNAVAILABLE') || isStowageError(error, 'TIMEOUT');
  const full = firstFullError(error.errors);
  return full === undefined || FALLBACK_CODES.has(full.code);
}
