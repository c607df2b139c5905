import { RegistryError } from '@stowage/types';
import type { Clock } from '@stowage/types';
import { requestMessage } from './network-error.ts';

/** The error for an answer that stopped coming, or never began to. */
export function stalled(
  request: { readonly method: string; readonly url: string; readonly status?: number },
  seconds: number,
): RegistryError {
  const { method, url, status } = request;
  const message = requestMessage(request, `nothing came for ${String(seconds)} s`);
  return new RegistryError('TIMEOUT', message, { method, url, status, reason: 'stalled', retryable: true });
}

/**
 * Runs a request under a time limit and the caller's signal.
 *
 * @param job gets a signal that fires with the caller's reason, or with `TIMEOUT` when time is up
 */
export async function withTimeout<T>(
  job: (signal: AbortSignal) => Promise<T>,
  options: {
    readonly clock: Clock;
    readonly seconds: number;
    readonly request: { readonly method: string; readonly url: string };
    readonly signal: AbortSignal;
  },
): Promise<T> {
  const { clock, seconds, request, signal } = options;
  const { method, url } = request;
  const timer = new AbortController();
  const expiry = new AbortController();
  const expire = (): void => {
    const message = requestMessage(request, `no answer within ${String(seconds)} s`);
    expiry.abort(new RegistryError('TIMEOUT', message, { method, url, retryable: true }));
  };
  clock.sleep(seconds * 1000, { signal: timer.signal }).then(expire, () => undefined);
  try {
    return await job(AbortSignal.any([signal, expiry.signal]));
  } finally {
    timer.abort();
  }
}
