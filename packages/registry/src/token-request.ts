import { RegistryError } from '@stowage/types';
import { discard, readBody } from './body.ts';
import { encodeBasic } from './basic.ts';
import { isTokenText } from './credential.ts';
import type { Credential } from './credential.ts';
import type { Realm } from './realm.ts';
import { responseError } from './response-error.ts';
import { isRetryableStatus, retryAfter, TryAgain, withRetries } from './retry.ts';
import type { RetryDeps } from './retry.ts';
import { withTimeout } from './timeout.ts';
import type { BearerToken } from './token-cache.ts';
import type { Answer } from './answer.ts';
import type { Transport, WireRequest } from './transport.ts';

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
  readonly scope: string;
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
 * refresh token (its OAuth 2 variant). Each try has 15 s.
 *
 * @throws `UNAUTHENTICATED` or `DENIED` when the credentials do not do, `TIMEOUT`, `UNAVAILABLE`, `LIMIT_EXCEEDED` for
 *   an answer of more than 1 MiB
 */
export async function requestToken(
  query: TokenQuery,
  deps: TokenDeps,
  signal: AbortSignal,
): Promise<IssuedToken> {
  const wire =
    query.credential.kind === 'refresh' ? postRequest(query, query.credential.token) : getRequest(query);
  const attempt = async (last: boolean, within: AbortSignal): Promise<IssuedToken | TryAgain> => {
    const answer = await deps.transport.send({ ...wire, forToken: true, signal: within });
    const { response } = answer;
    if (!last && isRetryableStatus(response.status)) {
      await discard(answer, within);
      return new TryAgain(retryAfter(response.headers.get('retry-after'), deps.clock.now()));
    }
    if (!response.ok) throw await responseError(answer, { signal: within });
    return tokenOf(
      answer,
      await readBody(answer, { maxBytes: MAX_TOKEN_BODY, signal: within }),
      deps.clock.now(),
    );
  };
  return await withRetries(
    deps,
    (last) =>
      withTimeout((within) => attempt(last, within), {
        clock: deps.clock,
        seconds: TIMEOUT_SECONDS,
        request: wire,
        signal,
      }),
    { signal },
  );
}

function getRequest({ realm, service, scope, credential, offline = false }: TokenQuery): WireRequest {
  const url = new URL(realm.url);
  if (service !== undefined) url.searchParams.append('service', service);
  if (scope !== '') url.searchParams.append('scope', scope);
  if (offline) {
    url.searchParams.append('offline_token', 'true');
    url.searchParams.append('client_id', CLIENT_ID);
  }
  const { username, password } = credential.kind === 'password' ? credential : {};
  if (username !== undefined) url.searchParams.append('account', username);
  url.searchParams.sort();
  return {
    method: 'GET',
    url: url.href,
    ...(username === undefined || password === undefined
      ? {}
      : { authorization: encodeBasic(username, password) }),
  };
}

function postRequest({ realm, service, scope }: TokenQuery, refreshToken: string): WireRequest {
  const form = new URLSearchParams({
    client_id: CLIENT_ID,
    grant_type: 'refresh_token',
    refresh_token: refreshToken,
  });
  if (scope !== '') form.append('scope', scope);
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
