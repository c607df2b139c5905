import { isRegistryError, RegistryError } from '@stowage/types';
import { discard, readBody } from '../transport/body.ts';
import { encodeBasic } from './basic.ts';
import { isTokenText } from '../credentials/credential.ts';
import type { Credential } from '../credentials/credential.ts';
import type { Realm } from './realm.ts';
import { responseError } from '../transport/response-error.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from '../transport/retry.ts';
import type { RetryDeps } from '../transport/retry.ts';
import { withTimeout } from '../transport/timeout.ts';
import type { BearerToken } from './token-cache.ts';
import type { Answer } from '../transport/answer.ts';
import type { Transport, WireRequest } from '../transport/transport.ts';

const TIMEOUT_SECONDS = 15;
const MAX_TOKEN_BODY = 1024 * 1024;
const CLIENT_ID = 'stowage';
/** A shorter life than this is not believed, milliseconds. */
const SHORTEST_LIFE = 60_000;
/** Nor is a longer one: a refused token is renewed anyhow. */
const LONGEST_LIFE = 24 * 60 * 60_000;

/** What is asked of a token server. */
export interface TokenQuery {
  readonly realm: Realm;
  readonly service: string | undefined;
  /** What the token is for; empty for nothing but to prove who we are. */
  readonly scopes: readonly string[];
  readonly credential: Credential;
  /** Whether a refresh token is asked for too, as a login does. Default `false`. */
  readonly offline?: boolean | undefined;
}

/** A bearer token, with what a login may keep. */
export interface IssuedToken extends BearerToken {
  readonly refreshToken?: string | undefined;
}

/** What a token request is sent with. */
export interface TokenDeps extends RetryDeps {
  readonly transport: Transport;
}

/**
 * Gets a bearer token: by GET with the user's name and password or as nobody (docker's token protocol), by POST with a
 * refresh token (its OAuth 2 variant). A server that knows only the other way, which a 404 or 405 says, is asked the other
 * way. Each try has 15 s.
 *
 * @throws `UNAUTHENTICATED` or `DENIED` when the credentials do not do, `TIMEOUT`, `UNAVAILABLE`, `LIMIT_EXCEEDED` for
 *   an answer of more than 1 MiB
 */
export async function requestToken(
  query: TokenQuery,
  deps: TokenDeps,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const byGet = getRequest(query);
  const byPost = postRequest(query);
  const refreshes = query.credential.kind === 'refresh' && byPost !== undefined;
  const [first, second] = refreshes ? [byPost, byGet] : [byGet, byPost];
  try {
    return await sendRequest(first, deps, signal);
  } catch (error) {
    const unknownWay = isRegistryError(error) && (error.status === 404 || error.status === 405);
    if (!unknownWay || second === undefined) throw error;
    // The first answer says more about what is wrong, should the second way be none either.
    return await sendRequest(second, deps, signal).catch((cause: unknown) => {
      throw signal.aborted || !isRegistryError(cause) || cause.status === 404 || cause.status === 405
        ? error
        : cause;
    });
  }
}

async function sendRequest(wire: WireRequest, deps: TokenDeps, signal: AbortSignal): Promise<IssuedToken> {
  const { clock } = deps;
  return await withRetries(
    deps,
    async (mayWait) => {
      const attempt = async (within: AbortSignal): Promise<IssuedToken | TryAgain> => {
        const answer = await deps.transport.send({ ...wire, forToken: true, signal: within });
        const { response } = answer;
        const delay = retryAfter(response.headers.get('retry-after'), clock.now());
        if (isRetryableStatus(response.status) && mayWait(delay)) {
          await discard(answer, within);
          return new TryAgain(delay);
        }
        if (!response.ok) throw await responseError(answer, { signal: within });
        const bytes = await readBody(answer, { maxBytes: MAX_TOKEN_BODY, signal: within });
        return tokenOf(answer, bytes, clock.now());
      };
      return await withTimeout(attempt, { clock, seconds: TIMEOUT_SECONDS, request: wire, signal });
    },
    { signal },
  );
}

function getRequest({ realm, service, scopes, credential, offline = false }: TokenQuery): WireRequest {
  const url = new URL(realm.url);
  if (service !== undefined) url.searchParams.append('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (offline) {
    url.searchParams.append('offline_token', 'true');
    url.searchParams.append('client_id', CLIENT_ID);
  }
  if (credential.kind === 'password') url.searchParams.append('account', credential.username);
  url.searchParams.sort();
  return {
    method: 'GET',
    url: url.href,
    ...(credential.kind === 'password'
      ? { authorization: encodeBasic(credential.username, credential.password) }
      : {}),
    // Where there is no POST, a refresh token stands in for a password.
    ...(credential.kind === 'refresh' ? { authorization: encodeBasic('', credential.token) } : {}),
  };
}

/** `undefined` for who has nothing to send that way. */
function postRequest(query: TokenQuery): WireRequest | undefined {
  const { realm, service, scopes, credential, offline = false } = query;
  const form = new URLSearchParams({ client_id: CLIENT_ID });
  if (credential.kind === 'refresh') {
    form.append('grant_type', 'refresh_token');
    form.append('refresh_token', credential.token);
  } else if (credential.kind === 'password') {
    form.append('grant_type', 'password');
    form.append('username', credential.username);
    form.append('password', credential.password);
    if (offline) form.append('access_type', 'offline');
  } else {
    return undefined;
  }
  if (scopes.length > 0) form.append('scope', scopes.join(' '));
  if (service !== undefined) form.append('service', service);
  return {
    method: 'POST',
    url: realm.url.href,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  };
}

function tokenOf(answer: Answer, bytes: Uint8Array, now: number): IssuedToken {
  const reply = parseReply(answer, bytes);
  const value = [reply['access_token'], reply['token']].find(
    (token) => typeof token === 'string' && token !== '',
  );
  if (typeof value !== 'string') {
    throw malformed(answer, 'authorization server did not include a token in the response');
  }
  if (!isTokenText(value)) throw malformed(answer, 'authorization server sent a malformed token');
  const seconds = Number(reply['expires_in']);
  const life = Number.isNaN(seconds) ? SHORTEST_LIFE : seconds * 1000;
  const lifetime = Math.min(Math.max(life, SHORTEST_LIFE), LONGEST_LIFE);
  // A token may have been issued a while ago; but a clock that is off must not make every token look old.
  const issued = Date.parse(String(reply['issued_at']));
  const age = now - issued;
  const obtainedAt = age > 0 && age < lifetime / 2 ? issued : now;
  const refreshToken = reply['refresh_token'];
  return {
    value,
    obtainedAt,
    expiresAt: obtainedAt + lifetime,
    ...(typeof refreshToken === 'string' && refreshToken !== '' ? { refreshToken } : {}),
  };
}

function parseReply(answer: Answer, bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let reply: unknown;
  try {
    reply = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw malformed(answer, `unable to decode token response: ${(cause as Error).message}`);
  }
  return typeof reply === 'object' && reply !== null ? (reply as Readonly<Record<string, unknown>>) : {};
}

function malformed({ method, url, response }: Answer, message: string): RegistryError {
  return new RegistryError('REGISTRY', message, { method, url, status: response.status });
}
