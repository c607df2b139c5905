import type { AbortOptions, RegistryError } from '@stowage/types';
import { discard } from '../transport/body.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from '../transport/retry.ts';
import type { ReaderDeps } from './requester.ts';

/**
 * Deletes something. Where a request had to be sent again and is answered 404, the one before it was heard.
 *
 * @param scope what a token must be good for
 * @returns the error for a refusal
 */
export async function requestDeletion(
  { requester, ...deps }: ReaderDeps,
  target: { readonly url: string; readonly scope: string },
  { signal }: AbortOptions,
): Promise<RegistryError | undefined> {
  const { url, scope } = target;
  const request = {
    method: 'DELETE',
    url,
    scopes: [scope],
    once: true,
    retryStatus: () => false,
    signal,
  } as const;
  let tries = 0;
  return await withRetries(
    deps,
    async (mayWait) => {
      tries += 1;
      return await requester.exchange(request, async (answer) => {
        const { status, ok, headers } = answer.response;
        const delay = retryAfter(headers.get('retry-after'), deps.clock.now());
        const isDone = ok || (status === 404 && tries > 1);
        const again = isRetryableStatus(status) && mayWait(delay);
        if (!isDone && !again) return await requester.failure(answer, signal);
        await discard(answer, signal);
        return isDone ? undefined : new TryAgain(delay);
      });
    },
    { signal },
  );
}

/** Whether a registry says that it deletes nothing, or nothing of this kind. */
export function isUnsupported({ status, code }: RegistryError): boolean {
  return code === 'UNSUPPORTED' || status === 405 || status === 501;
}
