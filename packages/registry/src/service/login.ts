import { isRegistryError, isStowageError, RegistryError, StowageError } from '@stowage/types';
import type { AbortOptions, AuthConfig, LoginResult, RegistryEndpoint } from '@stowage/types';
import type { Answer } from '../transport/answer.ts';
import { discard } from '../transport/body.ts';
import { requestMessage } from '../transport/network-error.ts';
import { isRegistryHost } from '../address/registry-host.ts';
import { createSession } from '../repository/repository.ts';
import type { RegistrySession, RepositoryInit } from '../repository/repository.ts';
import type { Session } from '../session/session.ts';

/** Where one logs in who names no server. */
const DEFAULT_HOST = 'index.docker.io';

const STATUS_TEXT: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** What requests of the service itself are sent with. */
export type ServiceRequestDeps = Omit<RepositoryInit, 'endpoint' | 'name' | 'auth' | 'actions' | 'tokens'>;

/**
 * The host that credentials are for.
 *
 * @throws `INVALID_ARGUMENT`, in moby's words, for what is no server's address
 */
export function loginHost({ serverAddress = '' }: AuthConfig): string {
  if (serverAddress === '') return DEFAULT_HOST;
  const [host = ''] = serverAddress.replace(/^https?:\/\//i, '').split('/', 1);
  if (isRegistryHost(host)) return host;
  // The address is left out: a user name may have strayed into it.
  throw new StowageError('INVALID_ARGUMENT', 'unable to parse server address: no host, or not a host alone');
}

/**
 * Proves credentials at the first endpoint that answers, whatever it answers. The next one, over plain http, is only tried
 * where the host said nothing over TLS: credentials never go out in the clear because something was wrong with them.
 *
 * @throws whatever the last endpoint that was tried said
 */
export async function login(
  auth: AuthConfig,
  endpoints: readonly RegistryEndpoint[],
  deps: ServiceRequestDeps,
  options: AbortOptions,
): Promise<LoginResult> {
  const { serverAddress: _, ...own } = auth;
  let failure: unknown;
  for (const endpoint of endpoints) {
    const registry = createSession({ ...deps, endpoint, auth: own }, { scope: '', offline: true });
    try {
      await registry.session.ping(options.signal);
    } catch (error) {
      options.signal?.throwIfAborted();
      failure = error;
      if (isUnanswered(error)) continue;
      break;
    }
    return await loginAt(registry, own, options);
  }
  throw failure;
}

/** Whether nobody answered, so that plain http may be tried where it is allowed. */
export function isUnanswered(error: unknown): boolean {
  if (!isStowageError(error) || error.reason === 'certificate') return false;
  return error.code === 'UNAVAILABLE' || error.code === 'TIMEOUT';
}

async function loginAt(
  { session, authorizer }: RegistrySession,
  auth: AuthConfig,
  { signal }: AbortOptions,
): Promise<LoginResult> {
  const request = { method: 'GET', url: `${session.origin}/v2/` } as const;
  const answer = await session
    .exchange({ ...request, signal }, async (received) => {
      if (received.response.status === 200) await discard(received, signal);
      return received;
    })
    .catch((error: unknown) => {
      throw ofTokenServer(error, request);
    });
  if (answer.response.status !== 200) throw await refusal(answer, session, signal);
  if (authorizer.reason !== undefined) throw withheld(request, authorizer.reason);
  const identityToken = authorizer.refreshToken ?? auth.identityToken;
  return { status: 'Login Succeeded', ...(identityToken === undefined ? {} : { identityToken }) };
}

/** moby's words for an answer other than 200, with what else it says behind them. */
async function refusal(
  answer: Answer,
  session: Session,
  signal: AbortSignal | undefined,
): Promise<RegistryError> {
  const cause = await session.failure(answer, signal);
  const { method, url, response } = answer;
  const { status } = response;
  const words = response.statusText || (STATUS_TEXT[status] ?? '');
  const message = `login attempt to ${url} failed with status: ${`${String(status)} ${words}`.trim()}`;
  const { code, errors, reason, retryable } = cause;
  return new RegistryError(code, message, { method, url, status, errors, reason, retryable, cause });
}

/** An error of a token server, named after the request that it failed, as Go's client does. */
function ofTokenServer(error: unknown, request: { readonly method: string; readonly url: string }): unknown {
  if (!isRegistryError(error) || error.status === undefined) return error;
  const { code, method, url, status, errors, reason, retryable } = error;
  return new RegistryError(code, requestMessage(request, error.message), {
    method,
    url,
    status,
    errors,
    reason,
    retryable,
    cause: error,
  });
}

/** The registry let us in, but as nobody: that proves nothing about the credentials. */
function withheld(request: { readonly method: string; readonly url: string }, reason: string): RegistryError {
  const message =
    'the credentials were not sent to a token server that is not known to belong to the registry';
  return new RegistryError('UNAUTHENTICATED', requestMessage(request, message), { ...request, reason });
}
